// `corral restart`: another process of a daemon, started by the supervisor after an orderly end.
import { setTimeout as sleep } from 'node:timers/promises';
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { hasCode, SuiteError } from '../../shared/model/errors.ts';
import { callJson } from '../../shared/source/call.ts';
import type { DaemonStatus, SuiteStatus } from '../describe-status.ts';
import type { Command } from './command.ts';
import { socketOf } from './paths.ts';

const readyWithinMs = 45_000;
const pollMs = 100;

export const command: Command = {
  spec: {
    name: 'restart',
    positionals: ['[DAEMON]'],
    options: { all: { type: 'boolean', help: 'every daemon, one after the other; not the supervisor' } },
    about:
      'Ends a daemon in order and starts it again, and waits until it is ready. What it made in the kernel stays meanwhile,\n' +
      'so containers keep talking. Needs the supervisor, whose own new start is systemctl restart corral, or Ctrl-C and\n' +
      'corral up: the daemons live on meanwhile.',
    example: 'corral restart dns',
  },
  async run(args) {
    const [named] = args.positionals;
    if ((named === undefined) === !args.flag('all')) {
      throw new SuiteError('USAGE', 'choose what to restart', { hint: 'name one daemon, or give --all' });
    }
    const names = named === undefined ? (await status()).map(({ name }) => name) : [named];
    for (const name of names.filter((one) => named !== undefined || one !== 'supervisor')) await restart(name);
    return exitCodes.done;
  },
};

async function restart(name: string): Promise<void> {
  const begun = performance.now();
  const before = await pidOf(name);
  await call(`/v1/daemons/${encodeURIComponent(name)}/restart`, 'POST');
  for (;;) {
    const now = (await status()).find((daemon) => daemon.name === name);
    const took = performance.now() - begun;
    if (now?.ready && now.pid !== before) {
      console.log(
        `${name}: ready in ${(took / 1_000).toFixed(1)} s, process ${now.pid} instead of ${before ?? 'none'}`,
      );
      return;
    }
    if (took > readyWithinMs) {
      throw new SuiteError(
        'NOT_READY',
        `restart ${name}: it is ${now?.state ?? 'absent'} after ${readyWithinMs / 1_000} s`,
        {
          hint: `corral status tells why, corral logs ${name} more`,
        },
      );
    }
    await sleep(pollMs);
  }
}

async function pidOf(name: string): Promise<number | null> {
  return (await status()).find((daemon) => daemon.name === name)?.pid ?? null;
}

async function status(): Promise<readonly DaemonStatus[]> {
  return (await call<SuiteStatus>('/v1/status', 'GET')).daemons;
}

async function call<T>(path: string, method: 'GET' | 'POST'): Promise<T> {
  try {
    return await callJson<T>(socketOf('supervisor'), path, { method });
  } catch (error) {
    if (!hasCode(error, 'NOT_RUNNING')) throw error;
    throw new SuiteError('NOT_RUNNING', 'ask the supervisor', {
      cause: error,
      hint: 'it starts the daemons; run corral up, which takes over those that run',
    });
  }
}
