// The place where metadata is measured: a host with a bridge and the real daemon, a client behind the bridge with as many
// addresses as wanted, all in namespaces and a root of their own.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { SourceRecord } from '../../../../daemons/shared/model/objects.ts';
import { callRaw } from '../../../../daemons/shared/source/call.ts';
import { Records } from '../../../../daemons/shared/source/records.ts';
import { type Daemon, makeRoot, type Root, startDaemon, untilState } from '../../../netns/metadata/daemon.ts';
import {
  connect,
  exec,
  makeNamespace,
  type Namespace,
  type TestScope,
  until,
} from '../../../netns/support/namespaces.ts';

export const service = '169.254.169.250';
export const gateway = '10.42.0.1';
/** As the supervisor starts its daemons; the peers run with the same. */
export const nodeOptions = '--max-semi-space-size=2';

export interface Bed {
  readonly scope: TestScope;
  readonly host: Namespace;
  readonly client: Namespace;
  readonly root: Root;
  readonly daemon: Daemon;
  readonly hostId: string;
}

/** The client's n-th address. */
export function clientAddress(n: number): string {
  return `10.42.${2 + (n >> 7)}.${1 + (n & 127)}`;
}

/** A host whose daemon is ready, and a client with `addresses` addresses behind its bridge. */
export async function makeBed(scope: TestScope, addresses: number): Promise<Bed> {
  const [host, client] = [makeNamespace(scope, 'bh'), makeNamespace(scope, 'bc')];
  exec(host, 'ip', ['link', 'add', 'corral0', 'type', 'bridge']);
  exec(host, 'ip', ['addr', 'add', `${gateway}/16`, 'dev', 'corral0']);
  exec(host, 'ip', ['link', 'set', 'corral0', 'up']);
  connect({ ns: client, device: 'eth0', address: `${clientAddress(0)}/16` }, { ns: host, device: 'vc' });
  exec(host, 'ip', ['link', 'set', 'vc', 'master', 'corral0']);
  exec(client, 'ip', ['route', 'add', 'default', 'via', gateway]);
  const more = Array.from({ length: addresses - 1 }, (_, n) => `addr add ${clientAddress(n + 1)}/16 dev eth0`);
  exec(client, 'ip', ['-batch', '-'], `${more.join('\n')}\n`);
  exec(client, 'ip', ['neigh', 'replace', gateway, 'lladdr', macOf(host, 'corral0'), 'dev', 'eth0']);
  const root = makeRoot(scope);
  const daemon = startDaemon(scope, host, root, { NODE_OPTIONS: nodeOptions });
  await untilState(daemon, 'ready');
  const id = await until(5_000, 'a host uuid', async () => (await tree(root, '/latest/self/host/uuid')).text);
  return { scope, host, client, root, daemon, hostId: id };
}

/** Reports the records as network-manager would; resolves when they are served. */
export async function report(bed: Bed, records: readonly SourceRecord[]): Promise<Records> {
  const source = new Records({
    socketPath: bed.root.recordsSocket,
    source: 'network-manager',
    onState: () => undefined,
    onRefused: (refused) => console.log('refused', refused[0]),
  });
  bed.scope.teardown(() => source.close());
  source.start(records);
  await source.change([], []);
  return source;
}

export const tree = (root: Root, path: string, accept?: string) =>
  callRaw(root.metadataSocket, `/v1/tree${path}`, accept ? { headers: { accept } } : {});

function macOf(ns: Namespace, device: string): string {
  return exec(ns, 'cat', [`/sys/class/net/${device}/address`]).trim();
}

/** A program of ours in a namespace, killed at the end; `said` has what it printed so far. */
export function runIn(
  scope: TestScope,
  ns: Namespace,
  command: readonly string[],
): { process: ChildProcess; said: () => string } {
  const child = spawn('ip', ['netns', 'exec', ns.name, ...command], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: nodeOptions },
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk;
  });
  scope.teardown(() => void child.kill('SIGKILL'));
  return { process: child, said: () => text };
}

/** Seconds of processor time that the process has used so far. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Resident memory, MB. */
export function residentMb(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}
