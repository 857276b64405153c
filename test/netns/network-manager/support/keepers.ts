// Starts the keepers in a process inside a namespace, and speaks with it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Condition, HealthReport } from '../../../../daemons/shared/daemon/health.ts';
import type { SnapshotObject } from '../../../../daemons/shared/model/objects.ts';
import { type Namespace, type TestScope, until } from '../../support/namespaces.ts';
import type { Order } from './keepers-process.ts';

export interface Difference {
  readonly keepers: readonly { readonly keeper: string; readonly changes: readonly string[] }[];
}

interface Status {
  readonly health: HealthReport;
  readonly metrics: string;
}

export interface RunningKeepers {
  /** CORRAL_ROOT of the process. */
  readonly root: string;
  send(objects: readonly SnapshotObject[], complete?: boolean): void;
  /** Waits until all conditions hold, or the one named has this code (null: holds). */
  becomes(what: 'ready' | { condition: string; code: string | null }, deadlineMs?: number): Promise<Condition[]>;
  count(what: 'passes' | 'writes' | 'healed', keeper: 'networks' | 'rules' | 'flows'): Promise<number>;
  /** What `corral diff` would be told. */
  diff(): Promise<Difference>;
  /** Events of the log so far. */
  events(): string[];
  stop(): Promise<void>;
}

const program = new URL('./keepers-process.ts', import.meta.url).pathname;

export function startKeepers(
  t: TestScope,
  ns: Namespace,
  options: { root?: string; env?: Readonly<Record<string, string>> } = {},
): RunningKeepers {
  const root = options.root ?? mkdtempSync('/tmp/co-keep-');
  const child = spawn('/usr/sbin/ip', ['netns', 'exec', ns.name, process.execPath, program, root], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...options.env },
  });
  const exited = once(child, 'exit');
  const log: string[] = [];
  let differing: ((difference: Difference) => void) | undefined;
  let answered: ((status: Status) => void)[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    const value = JSON.parse(line) as { status?: Status; diff?: Difference; event?: string };
    if (value.diff) differing?.(value.diff);
    if (value.status) for (const tell of answered.splice(0)) tell(value.status);
    else if (value.event) log.push(value.event);
  });
  const say = (order: Order): void => void child.stdin.write(`${JSON.stringify(order)}\n`);
  const status = (): Promise<Status> => {
    const { promise, resolve } = Promise.withResolvers<Status>();
    answered = [...answered, resolve];
    say({ status: true });
    return promise;
  };
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) say({ stop: true });
    const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await exited;
    clearTimeout(timer);
  };
  t.teardown(async () => {
    await stop();
    if (!options.root) rmSync(root, { recursive: true, force: true });
  });
  return {
    root,
    stop,
    events: () => [...log],
    diff() {
      const { promise, resolve } = Promise.withResolvers<Difference>();
      differing = resolve;
      say({ diff: true });
      return promise;
    },
    send: (snapshot, complete = true) => say({ snapshot, complete }),
    async becomes(what, deadlineMs = 30_000) {
      let last: Status | undefined;
      const isIt = ({ health }: Status): boolean =>
        what === 'ready'
          ? health.state === 'ready'
          : health.conditions.some(({ name, code }) => name === what.condition && code === what.code);
      try {
        await until(deadlineMs, JSON.stringify(what), async () => {
          last = await status();
          return isIt(last);
        });
      } catch (error) {
        throw new Error(`${String(error)}; last: ${JSON.stringify(last?.health)}`);
      }
      return [...last!.health.conditions];
    },
    async count(what, keeper) {
      const { metrics } = await status();
      const line = metrics
        .split('\n')
        .find((text) => text.startsWith(`corral_keeper_${what}_total{keeper="${keeper}"`));
      return Number(line?.split(' ').at(-1));
    },
  };
}
