// Corral inside a test machine: brought up by its own command, asked by its own command.
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../netns/support/namespaces.ts';
import type { Machine } from './machine.ts';

export const repository = new URL('../../..', import.meta.url).pathname.replace(/\/$/, '');
export const corral = `${repository}/scripts/corral`;

export interface DaemonStatus {
  readonly name: string;
  readonly state: string;
  readonly pid: number | null;
  readonly conditions: readonly { readonly code: string | null; readonly text: string }[];
}

export interface Suite {
  /** What `corral up` has printed so far. */
  output(): string;
  /** `corral status --json`, parsed. */
  status(): { daemons: DaemonStatus[] };
  pidOf(daemon: string): number;
}

/** Starts `corral up` and waits until every daemon is ready. */
export async function startSuite(machine: Machine): Promise<Suite> {
  const log = join(machine.scratch, 'up.log');
  const fd = openSync(log, 'a');
  const up = machine.start(corral, ['up'], { logFd: fd });
  closeSync(fd);
  const suite: Suite = {
    output: () => readFileSync(log, 'utf8'),
    status: () => JSON.parse(machine.sh(`${corral} status --json || true`)),
    pidOf(daemon) {
      const pid = this.status().daemons.find(({ name }) => name === daemon)?.pid;
      if (!pid) throw new Error(`${daemon} has no pid`);
      return pid;
    },
  };
  await until(15_000, `all daemons are ready: ${suite.output()}`, () => {
    if (up.exitCode !== null) throw new Error(`corral up ended with ${up.exitCode}: ${suite.output()}`);
    return allReady(suite);
  });
  return suite;
}

/** The daemons that run today, every one of them ready or degraded by something outside. */
export function allReady(suite: Suite): boolean {
  const running = suite.status().daemons.filter(({ name }) => name !== 'overlay');
  return running.length >= 3 && running.every(({ state }) => state === 'ready' || state === 'degraded');
}
