// `corral`: finds the command, runs it, and turns every error into one line with a code and a remedy.
import { exitCodeOf, exitCodes } from '../../shared/daemon/exit-codes.ts';
import { nearest } from '../../shared/daemon/nearest.ts';
import { renderError, SuiteError } from '../../shared/model/errors.ts';
import { parseCommand, renderHelp } from './command.ts';
import { commands, type Entry, type Group, renderGroup, renderOverview } from './commands.ts';

async function main(argv: readonly string[]): Promise<number> {
  const [first, ...rest] = argv;
  if (first === undefined) {
    process.stderr.write(renderOverview());
    return exitCodes.usage;
  }
  if (first === '--help' || first === '-h') return overview();
  if (first === 'help') return rest[0] === undefined ? overview() : main([...rest, '--help']);
  return runCommand(first === '--version' ? 'version' : first, rest);
}

function overview(): number {
  process.stdout.write(renderOverview());
  return exitCodes.done;
}

async function runCommand(name: string, argv: readonly string[]): Promise<number> {
  const entry = find(commands, name, '');
  if (!('group' in entry)) return runEntry(entry, argv);
  const [first, ...rest] = argv;
  if (first !== undefined && !['--help', '-h'].includes(first)) return runEntry(find(entry.group, first, name), rest);
  const isAsked = first !== undefined;
  (isAsked ? process.stdout : process.stderr).write(renderGroup(name, entry));
  return isAsked ? exitCodes.done : exitCodes.usage;
}

function find<E extends Entry | Group>(entries: Readonly<Record<string, E>>, name: string, before: string): E {
  const entry = Object.hasOwn(entries, name) ? entries[name] : undefined;
  if (entry) return entry;
  const start = before === '' ? 'corral' : `corral ${before}`;
  const guess = nearest(name, Object.keys(entries));
  const hint = `${guess === undefined ? '' : `Did you mean ${start} ${guess}? `}See ${start} --help`;
  throw new SuiteError('USAGE', `run the command ${before === '' ? name : `${before} ${name}`}`, { hint });
}

async function runEntry(entry: Entry, argv: readonly string[]): Promise<number> {
  const { command } = await entry.load();
  const args = parseCommand(command.spec, argv);
  if (args !== 'help') return command.run(args);
  process.stdout.write(renderHelp(command.spec));
  return exitCodes.done;
}

function fail(error: unknown): void {
  process.stderr.write(`corral: ${renderError(error)}\n`);
  process.exitCode = exitCodeOf(error);
}

// The reader of a pipe may have seen enough (`corral get … | head -1`), and a terminal may close: neither ends a suite.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

// The exit code is set rather than exit() called: what was written to a pipe is still on its way.
main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
}, fail);
