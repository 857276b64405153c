// The reference page, made of the code: what it says cannot be out of date, since test/house compares it with this.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { variablePaths } from '../../../daemons/shared/daemon/config.ts';
import { configJsonSchema } from '../../../daemons/shared/daemon/config-json-schema.ts';
import { exitCodeOf, exitCodes } from '../../../daemons/shared/daemon/exit-codes.ts';
import { Metrics } from '../../../daemons/shared/daemon/metrics.ts';
import { errorCodes, SuiteError } from '../../../daemons/shared/model/errors.ts';
import { renderHelp } from '../../../daemons/supervisor/cli/command.ts';
import { commands, type Entry } from '../../../daemons/supervisor/cli/commands.ts';
import { findEvents } from './find-events.ts';
import { findMetrics } from './find-metrics.ts';
import { settingsOf } from './settings.ts';

const root = join(import.meta.dirname, '../../..');
export const page = join(root, 'docs/reference.md');

/** Sources of the daemons by path, relative to the repository. */
export function daemonSources(): Map<string, string> {
  const entries = readdirSync(join(root, 'daemons'), { recursive: true, encoding: 'utf8' });
  const paths = entries.filter((path) => path.endsWith('.ts') && !path.includes('node_modules')).sort();
  return new Map(paths.map((path) => [`daemons/${path}`, readFileSync(join(root, 'daemons', path), 'utf8')]));
}

export async function renderReference(): Promise<string> {
  const sources = daemonSources();
  return [
    '# Reference',
    '',
    'Made of the code by `npm run reference`; do not edit it. What things mean and why is in the guides and in the README of each daemon.',
    '',
    '[Commands](#commands), [exit codes](#exit-codes), [settings](#settings), [error codes](#error-codes), [metrics](#metrics),',
    '[log events](#log-events)',
    '',
    '## Commands',
    '',
    ...(await renderCommands()),
    '## Exit codes',
    '',
    ...table(
      ['code', 'name'],
      Object.entries(exitCodes).map(([name, code]) => [String(code), name]),
    ),
    '## Settings',
    '',
    'Keys of `/etc/corral/corral.yaml`, all optional, and the variable that overrides each; [configuration.md](configuration.md) explains them.',
    'A key with `[]` is one of every entry of a list.',
    '',
    ...renderSettings(),
    '## Error codes',
    '',
    'What to do about each is in [errors.md](errors.md). The exit code is that of a command which ends with it.',
    '',
    ...renderErrors(),
    '## Metrics',
    '',
    'Every daemon tells its metrics at `/metrics` of its socket, the supervisor all of them at its address; the label `daemon` is everywhere.',
    '',
    ...table(
      ['metric', 'type', 'labels', 'what it tells'],
      findMetrics(sources).map(({ name, type, labels, help }) => [`\`${name}\``, type, labels.join(', '), help]),
    ),
    'Of every process:',
    '',
    ...table(['metric', 'type', 'what it tells'], await processMetrics()),
    '## Log events',
    '',
    'The field `event` of a line; names are stable, texts may change. `<x>` stands for what the daemon fills in.',
    '',
    ...table(
      ['event', 'level', 'of', 'text'],
      findEvents(sources).map(({ name, levels, daemons, text }) => [
        `\`${name}\``,
        levels.join(', ') || 'as it is',
        daemons.join(', '),
        text,
      ]),
    ),
  ]
    .join('\n')
    .trimEnd()
    .concat('\n');
}

async function renderCommands(): Promise<string[]> {
  const entries: Entry[] = Object.values(commands).flatMap((entry) =>
    'group' in entry ? Object.values(entry.group) : [entry],
  );
  const loaded = await Promise.all(entries.map((entry) => entry.load()));
  return loaded.flatMap(({ command }) => [
    `### ${command.spec.name}`,
    '',
    '```',
    renderHelp(command.spec).trimEnd(),
    '```',
    '',
  ]);
}

function renderSettings(): string[] {
  const variables = new Map([...variablePaths()].map(([variable, path]) => [path.join('.'), variable]));
  const rows = settingsOf(configJsonSchema()).map(({ key, values, default: usual }) => {
    const variable = variables.get(key);
    return [
      `\`${key}\``,
      values,
      usual === '' || usual.length > 80 ? '' : `\`${usual}\``,
      variable ? `\`${variable}\`` : '',
    ];
  });
  return table(['key', 'values', 'default', 'variable'], rows);
}

function renderErrors(): string[] {
  const explained = readFileSync(join(root, 'docs/errors.md'), 'utf8');
  const rows = errorCodes.map((code) => {
    const what = new RegExp(`^\\| \`${code}\` \\|([^|]+)\\|`, 'm').exec(explained)?.[1] ?? '';
    return [`\`${code}\``, String(exitCodeOf(new SuiteError(code, ''))), what.trim()];
  });
  return table(['code', 'exit code', 'what happened'], rows);
}

async function processMetrics(): Promise<string[][]> {
  const text = await new Metrics('supervisor').text();
  return [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\w+)$/gm)].map(([, name, help, type]) => [
    `\`${name}\``,
    type!,
    help!,
  ]);
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(header), `|${header.map(() => '---|').join('')}`, ...rows.map(line), ''];
}
