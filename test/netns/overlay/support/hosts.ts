// Hosts made by hand for tests of the overlay: network namespaces on one switch, each with a bridge as network-manager makes
// it, containers as namespaces, an overlay daemon, and a metadata socket that says what the test wants.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HealthReport } from '../../../../daemons/shared/daemon/health.ts';
import type { SnapshotObject } from '../../../../daemons/shared/model/objects.ts';
import { callJson, callRaw } from '../../../../daemons/shared/source/call.ts';
import { type FakeMetadata, startFakeMetadata } from '../../../fakes/metadata-watch.ts';
import { hostIdOf } from '../../../fixtures/overlay-objects.ts';
import {
  connect,
  exec,
  execJson,
  makeNamespace,
  type Namespace,
  type TestScope,
  until,
} from '../../support/namespaces.ts';

export * from '../../../fixtures/overlay-objects.ts';

export const patience = 30_000;
const main = join(import.meta.dirname, '../../../../daemons/overlay/main.ts');

export interface Host {
  readonly number: number;
  readonly id: string;
  readonly ns: Namespace;
  /** CORRAL_ROOT. */
  readonly root: string;
  readonly metadata: FakeMetadata;
}

/** A namespace with a bridge to which hosts are plugged. */
export function makeSwitch(t: TestScope): Namespace {
  const ns = makeNamespace(t, 'sw');
  exec(ns, 'ip', ['link', 'add', 'sw0', 'type', 'bridge']);
  exec(ns, 'ip', ['link', 'set', 'sw0', 'up']);
  return ns;
}

/** The switch's device to a host. */
export function portOf({ ns }: Pick<Host, 'ns'>): string {
  return `p${ns.name.slice(-8)}`;
}

/** Plugs a namespace into the switch by a device `eth0` with the given addresses. */
export function plug(sw: Namespace, ns: Namespace, addresses: readonly string[]): void {
  const port = portOf({ ns });
  connect({ ns: sw, device: port }, { ns, device: 'eth0' });
  exec(sw, 'ip', ['link', 'set', port, 'master', 'sw0']);
  for (const address of addresses) exec(ns, 'ip', ['addr', 'add', address, 'dev', 'eth0', 'nodad']);
}

/** A host on the switch: uplink, forwarding, bridge with the block's gateway, route of last resort. No daemon yet. */
export async function makeHost(
  t: TestScope,
  sw: Namespace,
  number: number,
  objects: readonly SnapshotObject[],
): Promise<Host> {
  const ns = makeNamespace(t, `h${number}`);
  plug(sw, ns, [`192.168.50.${10 + number}/24`, `fd50::${10 + number}/64`]);
  exec(ns, 'sysctl', ['-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']);
  addBridge(ns, 'corral0', [`10.42.${number}.1/24`]);
  exec(ns, 'ip', ['route', 'add', 'unreachable', '10.42.0.0/16', 'proto', '143', 'metric', '4294967295']);
  const root = mkdtempSync(join(tmpdir(), 'co-'));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, 'run/corral'), { recursive: true });
  const metadata = await startFakeMetadata(join(root, 'run/corral/metadata.sock'), hostIdOf(number), objects);
  t.teardown(() => metadata.close());
  return { number, id: hostIdOf(number), ns, root, metadata };
}

/** IPv6 inside on a host, as network-manager makes it: the gateway, and the route of last resort. */
export function addIpv6({ ns, number }: Pick<Host, 'ns' | 'number'>): void {
  exec(ns, 'ip', ['addr', 'add', `fd42:0:0:${number}::1/64`, 'dev', 'corral0', 'nodad']);
  exec(ns, 'ip', ['-6', 'route', 'add', 'unreachable', 'fd42::/48', 'proto', '143', 'metric', '4294967295']);
}

/** A container's second address, `fd42:0:0:<host>::<last>`, and its way. */
export function addContainerIpv6(ns: Namespace, host: number, last: number): void {
  exec(ns, 'ip', ['addr', 'add', `fd42:0:0:${host}::${last}/64`, 'dev', 'eth0', 'nodad']);
  exec(ns, 'ip', ['-6', 'route', 'add', 'default', 'via', `fd42:0:0:${host}::1`, 'dev', 'eth0']);
}

/** Which of these arguments of ping(8) get an answer, all asked at once. */
export function answering(ns: Namespace, ...targets: string[]): string[] {
  const asks = targets.map((words) => `(ping -n -c 1 -W 1 ${words} >/dev/null 2>&1 && echo '${words}') &`);
  const answers = exec(ns, 'sh', ['-c', `${asks.join('\n')}\nwait`]).split('\n');
  return targets.filter((words) => answers.includes(words));
}

/** Every table of the firewall, of both families. */
export function flushRules(ns: Namespace): void {
  const flush =
    'for tables in iptables ip6tables; do for table in raw mangle filter nat; do $tables -t $table -F; done; done';
  exec(ns, 'sh', ['-c', flush]);
}

/** With a MAC that stays: one that follows the ports is not what network-manager makes. */
export function addBridge(ns: Namespace, name: string, addresses: readonly string[]): void {
  const mac = `0a:58:${randomBytes(4)
    .toString('hex')
    .replaceAll(/(..)(?=.)/g, '$1:')}`;
  exec(ns, 'ip', ['link', 'add', name, 'address', mac, 'type', 'bridge']);
  exec(ns, 'ip', ['link', 'set', name, 'mtu', '1450', 'up']);
  for (const address of addresses) exec(ns, 'ip', ['addr', 'add', address, 'dev', name, 'nodad']);
}

/** A container on the host's bridge, with the gateway as default route. */
export function makeContainer(
  t: TestScope,
  host: Pick<Host, 'ns'>,
  address: string,
  { bridge = 'corral0', gateway, mtu = 1450 }: { bridge?: string; gateway: string; mtu?: number },
): Namespace {
  const ns = makeNamespace(t, 'c');
  const port = `v${ns.name.slice(-8)}`;
  connect({ ns: host.ns, device: port }, { ns, device: 'eth0' });
  exec(host.ns, 'ip', ['link', 'set', port, 'master', bridge]);
  exec(ns, 'ip', ['link', 'set', 'eth0', 'mtu', String(mtu)]);
  exec(ns, 'ip', ['addr', 'add', address, 'dev', 'eth0', 'nodad']);
  exec(ns, 'ip', [
    ...(address.includes(':') ? ['-6'] : []),
    'route',
    'add',
    'default',
    'via',
    gateway,
    'onlink',
    'dev',
    'eth0',
  ]);
  if (address.endsWith('/32')) exec(host.ns, 'ip', ['route', 'add', address, 'dev', bridge, 'proto', '143']);
  return ns;
}

/** Starts the daemons of all hosts and waits until they have done what is wanted. */
export async function startAll(t: TestScope, hosts: readonly Host[]): Promise<Daemon[]> {
  const daemons = hosts.map((host) => startDaemon(t, host));
  await Promise.all(daemons.map((daemon) => daemon.settled()));
  return daemons;
}

export interface Daemon {
  readonly process: ChildProcess;
  /** What it logged so far. */
  log(): string;
  health(): Promise<HealthReport>;
  /** Value of a counter of a keeper. */
  count(name: 'passes' | 'writes' | 'healed' | 'failures', keeper?: 'overlay' | 'overlay-rules'): Promise<number>;
  get<T>(path: string): Promise<T>;
  metrics(): Promise<string>;
  /** Waits until the first pass is done and everything is as wanted. */
  settled(): Promise<void>;
  /** Ends it by a signal and waits. */
  end(signal: NodeJS.Signals): Promise<void>;
}

export function startDaemon(t: TestScope, host: Host, env: Readonly<Record<string, string>> = {}): Daemon {
  const child = spawn('ip', ['netns', 'exec', host.ns.name, process.execPath, main], {
    env: { ...process.env, ...env, CORRAL_ROOT: host.root, CORRAL_CONFIG: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
  }
  const socket = join(host.root, 'run/corral/overlay.sock');
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal); // `ip netns exec` becomes the program
    await ended;
  };
  t.teardown(() => end('SIGKILL'));
  const health = (): Promise<HealthReport> => callRaw(socket, '/readyz').then(({ text: body }) => JSON.parse(body));
  return {
    process: child,
    log: () => text,
    health,
    async count(name, keeper = 'overlay') {
      const { text: page } = await callRaw(socket, '/metrics');
      const line = page.split('\n').find((one) => one.startsWith(`corral_keeper_${name}_total{keeper="${keeper}"`));
      return Number(line?.split(' ').at(-1) ?? Number.NaN);
    },
    get: (path) => callJson(socket, path),
    metrics: () => callRaw(socket, '/metrics').then(({ text: page }) => page),
    async settled() {
      await until(patience, `ready, but: ${text.slice(-2_000)}`, async () => {
        const report = await health().catch(() => undefined);
        return report !== undefined && report.state !== 'unready';
      });
    },
    end,
  };
}

/** True if one answer comes. `size` is the whole IP packet; it may not be cut. */
export function pings(from: Namespace, to: string, size?: number): boolean {
  const header = to.includes(':') ? 48 : 28;
  const large = size === undefined ? [] : ['-M', 'do', '-s', String(size - header)];
  try {
    exec(from, 'ping', ['-c', '1', '-W', '1', ...large, to]);
    return true;
  } catch {
    return false;
  }
}

/** What the kernel holds for the overlay, as text, in a fixed order and without what differs from run to run. */
export function kernelState(host: Pick<Host, 'ns'>, device = 'vtep1042'): string[] {
  const show = (...command: [string, ...string[]]): string[] =>
    exec(host.ns, command[0], command.slice(1))
      .split('\n')
      .map((line) => line.trim().replaceAll(/\s+/g, ' '))
      .filter((line) => line !== '')
      .sort();
  try {
    return [
      ...show('bridge', 'fdb', 'show', 'dev', device),
      ...show('ip', 'neigh', 'show', 'dev', device),
      ...show('ip', '-6', 'neigh', 'show', 'dev', device),
      ...show('ip', 'route', 'show', 'proto', '143'),
      ...show('ip', '-6', 'route', 'show', 'proto', '143'),
    ];
  } catch {
    return []; // the device goes while it is looked at
  }
}

export interface LinkShown {
  readonly ifname: string;
  readonly mtu: number;
  readonly address: string;
  readonly ifalias?: string;
  readonly master?: string;
  readonly flags: readonly string[];
  readonly linkinfo: { readonly info_data: Readonly<Record<string, unknown>> };
}

export function linkShown(host: Pick<Host, 'ns'>, device = 'vtep1042'): LinkShown | undefined {
  try {
    return execJson<LinkShown>(host.ns, 'ip', ['link', 'show', device])[0];
  } catch {
    return undefined;
  }
}
