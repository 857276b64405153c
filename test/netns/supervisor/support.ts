// The real supervisor over stub daemons (test/fakes/daemons), in a namespace and below a root of its own.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { callJson } from '../../../daemons/shared/source/call.ts';
import type { SuiteStatus } from '../../../daemons/supervisor/describe-status.ts';
import { makeNamespace, type Namespace, type TestScope, until } from '../support/namespaces.ts';

const repository = new URL('../../..', import.meta.url).pathname;

export interface Home {
  readonly root: string;
  readonly netns: Namespace;
  /** Starts the supervisor; stopped at the end of the test. */
  supervise(...limits: number[]): ChildProcess;
  status(): Promise<SuiteStatus>;
  pidOf(daemon: string): Promise<number | null>;
  /** Waits until all are ready and returns their pids. */
  allReady(deadlineMs?: number): Promise<Record<string, number>>;
  /** What a child of `supervise` printed. */
  output(): string;
  /** Runs `corral` to its end. */
  corral(args: readonly string[], env?: Record<string, string>): { code: number | null; out: string; err: string };
  configure(yaml: string): void;
}

export function makeHome(t: TestScope): Home {
  const root = mkdtempSync('/tmp/co-sv-');
  const netns = makeNamespace(t, 'sv');
  // What a first start compiled serves the next ones, as below .runtime.
  const env = { ...process.env, CORRAL_ROOT: root, NODE_COMPILE_CACHE: join(root, 'cache') };
  const out = join(root, 'supervisor.out');
  const status = (): Promise<SuiteStatus> =>
    callJson<SuiteStatus>(join(root, 'run/corral/supervisor.sock'), '/v1/status');
  t.teardown(async () => {
    await killAll(root);
    rmSync(root, { recursive: true, force: true });
  });
  return {
    root,
    netns,
    supervise: (...limits) => {
      const fd = openSync(out, 'a');
      const main = join(repository, 'test/fakes/daemons/supervisor.ts');
      return inside(netns, [main, ...limits.map(String)], { env, stdio: ['ignore', fd, fd] });
    },
    status,
    pidOf: async (daemon) => (await status()).daemons.find(({ name }) => name === daemon)?.pid ?? null,
    allReady: async (deadlineMs = 10_000) => {
      const ready = await until(deadlineMs, `all ready: ${root}`, async () => {
        const told = await status().catch(() => undefined);
        return told?.state === 'ready' ? told : undefined;
      });
      return Object.fromEntries(ready.daemons.map(({ name, pid }) => [name, pid ?? 0]));
    },
    output: () => readFileSync(out, 'utf8'),
    corral: (args, more = {}) => {
      const main = join(repository, 'daemons/supervisor/cli/main.ts');
      const done = spawnSync('ip', ['netns', 'exec', netns.name, process.execPath, main, ...args], {
        env: { ...env, ...more },
        encoding: 'utf8',
        timeout: 20_000,
      });
      return { code: done.status, out: done.stdout, err: done.stderr };
    },
    configure: (yaml) => {
      mkdirSync(join(root, 'etc/corral'), { recursive: true });
      writeFileSync(join(root, 'etc/corral/corral.yaml'), yaml);
    },
  };
}

/** `ip netns exec` becomes the program, so the child's pid is the program's. */
function inside(netns: Namespace, args: readonly string[], options: Parameters<typeof spawn>[2]): ChildProcess {
  return spawn('ip', ['netns', 'exec', netns.name, process.execPath, ...args], options);
}

/** Everything that was started below the root, also what has no socket yet; again until nothing is left. */
async function killAll(root: string): Promise<void> {
  await until(10_000, `nothing runs below ${root}`, () => {
    const left = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && belongsTo(Number(pid), root));
    for (const pid of left) kill(Number(pid), 'SIGKILL');
    return left.length === 0;
  });
}

function belongsTo(pid: number, root: string): boolean {
  try {
    return isAlive(pid) && readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(`CORRAL_ROOT=${root}`);
  } catch {
    return false; // it ends at this moment
  }
}

export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
}

export function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
