// `corral events`: what happened lately, as the supervisor saw it; with `--follow` what happens from now on.
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { callJson } from '../../shared/source/call.ts';
import { followLines } from '../../shared/source/follow-lines.ts';
import type { SuiteEvent } from '../events/event.ts';
import type { Page } from '../events/event-ring.ts';
import { type Command, jsonOption } from './command.ts';
import { outputClosed } from './output-closed.ts';
import { parseCount, parseSince } from './parse-since.ts';
import { socketOf } from './paths.ts';
import { printable } from './printable.ts';

const usualCount = 50;
const mostKept = 1_000;

export const command: Command = {
  spec: {
    name: 'events',
    positionals: [],
    options: {
      follow: { type: 'boolean', short: 'f', help: 'go on with what happens from now on, until Ctrl-C' },
      lines: { type: 'string', short: 'n', value: 'N', help: `the last N; ${usualCount} if not said` },
      since: { type: 'string', value: 'TIME', help: 'not older than 30s, 10m, 2h, 1d, or a time' },
      json: { ...jsonOption, help: 'one JSON object a line' },
    },
    about:
      'Shows what happened lately: containers, hosts, networks and services that came, went or changed, daemons that ended or\n' +
      'came back, conditions that failed or hold again. They begin with the supervisor; corral logs reaches back further.',
    example: 'corral events -f',
  },
  async run(args) {
    const since = args.one('since');
    const sinceMs = since === undefined ? 0 : parseSince(since, Date.now());
    const count = Math.min(parseCount(args.one('lines'), since === undefined ? usualCount : mostKept), mostKept);
    const socket = socketOf('supervisor');
    const page = await callJson<Page>(socket, `/v1/events?limit=${count}`);
    const write = args.flag('json') ? writeJson : writeText;
    for (const event of page.events) if (Date.parse(event.time) >= sinceMs) write(event);
    if (args.flag('follow')) {
      const path = `/v1/events?follow=true&since=${page.cursor}`;
      await followLines(socket, path, (line) => write(JSON.parse(line) as SuiteEvent), outputClosed());
    }
    return exitCodes.done;
  },
};

function writeJson(event: SuiteEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

function writeText({ time, level, kind, name, host, code, text }: SuiteEvent): void {
  const where = host === null ? '' : ` on ${host}`;
  const what = code === null ? text : `${code}: ${text}`;
  process.stdout.write(`${printable(`${time}  ${level}  ${kind} ${name}${where}: ${what}`)}\n`);
}
