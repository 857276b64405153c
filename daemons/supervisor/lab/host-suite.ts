// The suite on a lab's host: started by `corral up` there, asked at its sockets from here.
import { readTextIfPresent } from '../../shared/effects/files.ts';
import { hasCode, SuiteError } from '../../shared/model/errors.ts';
import { type DaemonName, daemonSocket, pathsBelow } from '../../shared/model/paths.ts';
import { callJson } from '../../shared/source/call.ts';
import type { SuiteStatus } from '../describe-status.ts';
import { corralCommand, labEnvironment } from './environment.ts';
import type { PlannedHost } from './plan-lab.ts';
import { type Space, startIn } from './spaces.ts';
import { until } from './until.ts';

export function socketOn(host: PlannedHost, daemon: DaemonName): string {
  return daemonSocket(pathsBelow(host.root), daemon);
}

/** Starts `corral up` in the host's space; it belongs to nobody outside. */
export function startSuite(host: PlannedHost, space: Space): void {
  startIn(space, [corralCommand, 'up'], { env: labEnvironment(host.root), log: `${host.root}/up.log` });
}

/** Waits until every daemon is ready or degraded. @throws SuiteError NOT_READY with the last words of `corral up` */
export async function suiteReady(host: PlannedHost, ms: number): Promise<SuiteStatus> {
  let last: SuiteStatus | undefined;
  try {
    return await until(ms, `start the suite on ${host.name}`, async () => {
      last = await suiteStatus(host);
      return last && last.state !== 'unready' ? last : undefined;
    });
  } catch (cause) {
    if (!hasCode(cause, 'DEADLINE')) throw cause;
    throw new SuiteError('NOT_READY', `start the suite on ${host.name}: ${whyNot(host, last)}`, {
      cause,
      hint: `Its logs are in ${pathsBelow(host.root).logs}`,
    });
  }
}

/** Undefined when no supervisor answers. */
export async function suiteStatus(host: PlannedHost): Promise<SuiteStatus | undefined> {
  try {
    return await callJson<SuiteStatus>(socketOn(host, 'supervisor'), '/v1/status', { timeoutMs: 3_000 });
  } catch (error) {
    if (hasCode(error, 'NOT_RUNNING', 'DEADLINE', 'NOT_READY')) return undefined;
    throw error;
  }
}

function whyNot(host: PlannedHost, status: SuiteStatus | undefined): string {
  const failing = status?.daemons.flatMap(({ name, conditions }) =>
    conditions.filter(({ ok, degradesOnly }) => !ok && !degradesOnly).map(({ text }) => `${name}: ${text}`),
  );
  if (failing && failing.length > 0) return failing.join('; ');
  const said = readTextIfPresent(`${host.root}/up.log`)?.trim().split('\n').at(-1);
  return said ?? 'it said nothing';
}
