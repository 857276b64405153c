// What `corral restart` and `corral takeover` ask of the supervisor.
import { setTimeout as sleep } from 'node:timers/promises';
import { patience } from '../../shared/effects/patience.ts';
import { hasCode, SuiteError } from '../../shared/model/errors.ts';
import { callJson } from '../../shared/source/call.ts';
import type { SuiteStatus } from '../describe-status.ts';
import { socketOf } from './paths.ts';

const readyWithinMs = 45_000 * patience;
const pollMs = 100;

/** Waits until another process of the daemon is ready, and tells so. @throws SuiteError NOT_READY, TARGET_UNKNOWN … */
export async function restartDaemon(name: string): Promise<void> {
  const begun = performance.now();
  const before = await pidOf(name);
  await askSupervisor(`/v1/daemons/${encodeURIComponent(name)}/restart`, { method: 'POST' });
  for (;;) {
    const now = (await suiteStatus()).daemons.find((daemon) => daemon.name === name);
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
  return (await suiteStatus()).daemons.find((daemon) => daemon.name === name)?.pid ?? null;
}

export function suiteStatus(): Promise<SuiteStatus> {
  return askSupervisor<SuiteStatus>('/v1/status');
}

export async function askSupervisor<T>(path: string, options: Parameters<typeof callJson>[2] = {}): Promise<T> {
  try {
    return await callJson<T>(socketOf('supervisor'), path, options);
  } catch (error) {
    if (!hasCode(error, 'NOT_RUNNING')) throw error;
    throw new SuiteError('NOT_RUNNING', 'ask the supervisor', {
      cause: error,
      hint: 'it starts the daemons; run corral up, which takes over those that run',
    });
  }
}
