// The real metadata daemon in a namespace and a root of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HealthReport } from '../../../daemons/shared/daemon/health.ts';
import { callRaw } from '../../../daemons/shared/source/call.ts';
import { type Namespace, type TestScope, until } from '../support/namespaces.ts';

/** The release that labs run, if one is named, or the sources. */
const { CORRAL_LAB_COMMAND: command } = process.env;
const main = command
  ? join(dirname(dirname(command)), 'daemons/metadata/main.js')
  : fileURLToPath(new URL('../../../daemons/metadata/main.ts', import.meta.url));

export interface Root {
  readonly path: string;
  readonly metadataSocket: string;
  readonly recordsSocket: string;
  readonly store: string;
  /** Writes corral.yaml. */
  configure(text: string): void;
}

export function makeRoot(t: TestScope): Root {
  const path = mkdtempSync(join(tmpdir(), 'co-'));
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  mkdirSync(join(path, 'etc/corral'), { recursive: true });
  return {
    path,
    metadataSocket: join(path, 'run/corral/metadata.sock'),
    recordsSocket: join(path, 'run/corral/records.sock'),
    store: join(path, 'var/lib/corral/store.sqlite'),
    configure: (text) => writeFileSync(join(path, 'etc/corral/corral.yaml'), text),
  };
}

export interface Daemon {
  readonly process: ChildProcess;
  /** Log lines so far. */
  readonly log: { level: string; event: string; [field: string]: unknown }[];
  readonly stderr: () => string;
  health(): Promise<HealthReport>;
  kill(signal: NodeJS.Signals): Promise<number | null>;
}

/** `before` is a shell command that runs first in the daemon's process, in a mount namespace of its own. */
export function startDaemon(
  t: TestScope,
  ns: Namespace,
  root: Root,
  environment: Record<string, string> = {},
  before = 'true',
): Daemon {
  const command = ['sh', '-c', `${before} && exec "$0" "$1"`, process.execPath, main];
  const child = spawn('ip', ['netns', 'exec', ns.name, ...command], {
    env: { PATH: process.env.PATH, CORRAL_ROOT: root.path, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log: Daemon['log'] = [];
  let [rest, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    log.push(...lines.map((line) => JSON.parse(line)));
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  const kill = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
    return child.exitCode;
  };
  t.teardown(async () => void (await kill('SIGKILL')));
  const health = async (): Promise<HealthReport> => JSON.parse((await callRaw(root.metadataSocket, '/readyz')).text);
  return { process: child, log, stderr: () => stderr, health, kill };
}

/** Waits until the daemon says that it is in this state. */
export async function untilState(daemon: Daemon, ...states: HealthReport['state'][]): Promise<HealthReport> {
  return until(30_000, `metadata ${states.join(' or ')}; it said: ${daemon.stderr()}`, async () => {
    const report = await daemon.health().catch(() => undefined);
    return report && states.includes(report.state) ? report : undefined;
  });
}
