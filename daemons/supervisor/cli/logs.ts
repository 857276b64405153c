// `corral logs`: what the daemons wrote to their logs, all of them by time; with `--follow` what they go on to write.
import { setTimeout as sleep } from 'node:timers/promises';
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { type LogLevel, logLevels } from '../../shared/daemon/log-levels.ts';
import { nearest } from '../../shared/daemon/nearest.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import { LogFollower } from '../logs/log-follower.ts';
import { type LineFilter, type LogLine, parseLogLine, passes } from '../logs/parse-line.ts';
import { lastLines, logNames } from '../logs/read-back.ts';
import { type Command, jsonOption } from './command.ts';
import { outputClosed } from './output-closed.ts';
import { parseCount, parseSince } from './parse-since.ts';
import { suitePaths } from './paths.ts';
import { renderLogLine } from './render-log-line.ts';

const usualLines = 100;
const pollMs = 250;

export const command: Command = {
  spec: {
    name: 'logs',
    positionals: ['[DAEMON]'],
    options: {
      follow: { type: 'boolean', short: 'f', help: 'go on with what is written from now on, until Ctrl-C' },
      lines: { type: 'string', short: 'n', value: 'N', help: `the last N lines; ${usualLines} if not said` },
      since: { type: 'string', value: 'TIME', help: 'not older than 30s, 10m, 2h, 1d, or a time' },
      level: { type: 'string', value: 'LEVEL', help: 'this level and the more urgent ones: debug, info, warn, error' },
      json: { ...jsonOption, help: 'one JSON object a line, as the daemons wrote it' },
    },
    about: 'Shows the logs of the daemons, merged by time; needs no daemon. How much they write, corral loglevel says.',
    example: 'corral logs -f overlay --level warn',
  },
  async run(args) {
    const folder = suitePaths().logs;
    const names = chosen(args.positionals[0], logNames(folder));
    const since = args.one('since');
    const filter: LineFilter = {
      level: levelOf(args.one('level')),
      sinceMs: since === undefined ? undefined : parseSince(since, Date.now()),
    };
    const count = parseCount(args.one('lines'), since === undefined ? usualLines : Number.POSITIVE_INFINITY);
    const write = args.flag('json') ? writeJson : writeText;
    const logs = names.map((name) => ({ name, path: `${folder}/${name}.log` }));
    const followers = logs.map((log) => ({ ...log, follower: new LogFollower(log.path) }));
    const lines = followers.flatMap(({ name, path, follower }) =>
      lastLines(path, name, count, filter, follower.offset),
    );
    for (const line of byTime(lines).slice(-count)) write(line);
    if (args.flag('follow')) await follow(followers, filter, write);
    return exitCodes.done;
  },
};

interface Followed {
  readonly name: string;
  readonly follower: LogFollower;
}

async function follow(logs: readonly Followed[], filter: LineFilter, write: (line: LogLine) => void): Promise<void> {
  const closed = outputClosed();
  while (!closed.aborted) {
    await sleep(pollMs);
    const lines = logs.flatMap(({ name, follower }) => follower.poll().map((raw) => parseLogLine(name, raw)));
    for (const line of byTime(lines)) if (passes(line, filter)) write(line);
  }
}

/** Stable: lines of one log keep their order. Those without a time stand first. */
function byTime(lines: readonly LogLine[]): LogLine[] {
  return [...lines].sort((a, b) => ((a.time ?? '') < (b.time ?? '') ? -1 : (a.time ?? '') > (b.time ?? '') ? 1 : 0));
}

function chosen(name: string | undefined, there: readonly string[]): readonly string[] {
  if (name === undefined || there.includes(name)) return name === undefined ? there : [name];
  const guess = nearest(name, there);
  throw new SuiteError('TARGET_UNKNOWN', `show the log of ${name}`, {
    hint: guess === undefined ? `there are ${there.join(', ') || 'no logs yet'}` : `did you mean ${guess}?`,
  });
}

function levelOf(text: string | undefined): LogLevel | undefined {
  if (text === undefined) return undefined;
  const level = logLevels.find((name) => name === text);
  if (level) return level;
  throw new SuiteError('USAGE', `show lines of the level ${text}`, { hint: `one of ${logLevels.join(', ')}` });
}

function writeText(line: LogLine): void {
  process.stdout.write(`${renderLogLine(line)}\n`);
}

/** Plain lines become objects too. */
function writeJson({ log, raw, time, level, text }: LogLine): void {
  process.stdout.write(`${level === null ? JSON.stringify({ level, time, daemon: log, msg: text }) : raw}\n`);
}
