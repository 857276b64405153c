// Hosts with tunnels that encrypt, for tests of what such tunnels do: daemons, keys that all of them know, containers of full size.
import { driverOverhead } from '../../../../daemons/shared/model/networks.ts';
import type { SnapshotObject } from '../../../../daemons/shared/model/objects.ts';
import { exec, type Namespace, type TestScope, until } from '../../support/namespaces.ts';
import {
  addContainerIpv6,
  addIpv6,
  answering,
  blockObject,
  type Daemon,
  type Host,
  hostObject,
  makeContainer,
  makeHost,
  networkObject,
  pings,
  startDaemon,
} from './hosts.ts';
import { shareTunnels } from './records.ts';

export type SecretDriver = 'ipsec' | 'wireguard';

/** Deadline of what shall happen soon. */
export const soon = 30_000;

/** Of `GET /v1/peers`, as far as tests look. */
export interface PeerState {
  readonly host: string;
  readonly state: string;
  readonly tunnel: { readonly state: string; readonly rxBytes: number; readonly lastRekeyMs: number | null } | null;
}

/** The default network with this driver and IPv6 inside, and hosts 1 to `count` with a block each. */
export function secretCluster(driver: SecretDriver, count: number): SnapshotObject[] {
  const numbers = Array.from({ length: count }, (_, at) => at + 1);
  return [
    networkObject('corral', { driver, subnet6: 'fd42::/48' }),
    ...numbers.map((number) => hostObject(number)),
    ...numbers.map((number) => blockObject(number, undefined, { cidr6: `fd42:0:0:${number}::/64` })),
  ];
}

export interface SecretHosts {
  readonly hosts: readonly Host[];
  /** A test that starts one anew puts the new one in its place. */
  readonly daemons: Daemon[];
  /** Of each host one, with the address `plain(number)`. */
  readonly containers: readonly Namespace[];
}

export interface SecretWish {
  readonly driver: SecretDriver;
  /** That of each host. */
  readonly switches: readonly Namespace[];
  readonly env?: Readonly<Record<string, string>>;
  /** What the snapshot says otherwise than `secretCluster`. */
  readonly objects?: readonly SnapshotObject[];
  /** Before daemons start. */
  readonly prepare?: (hosts: readonly Host[]) => void;
}

export async function makeSecretHosts(
  t: TestScope,
  { driver, switches, env = {}, objects = [], prepare }: SecretWish,
): Promise<SecretHosts> {
  const all = [...secretCluster(driver, switches.length), ...objects];
  const hosts = await Promise.all(switches.map((sw, at) => makeHost(t, sw, at + 1, all)));
  for (const host of hosts) openDoors(host, hosts.length);
  prepare?.(hosts);
  await shareTunnels(t, hosts);
  // What is said last is done first: a daemon that lives would start charon again.
  for (const { ns } of hosts) t.teardown(() => endCharon(ns));
  const daemons = hosts.map((host) => startDaemon(t, host, env));
  const mtu = 1_500 - driverOverhead[driver];
  const containers = hosts.map((host) => addContainer(t, host, mtu));
  return { hosts, daemons, containers };
}

export function addContainer(t: TestScope, host: Host, mtu: number): Namespace {
  const container = makeContainer(t, host, `${plain(host.number)}/24`, { gateway: `10.42.${host.number}.1`, mtu });
  addContainerIpv6(container, host.number, 11);
  return container;
}

/** What has no way of its own goes in the clear to another host, if nothing keeps it. */
function openDoors(host: Host, count: number): void {
  addIpv6(host);
  const other = (host.number % count) + 11;
  exec(host.ns, 'ip', ['route', 'add', 'default', 'via', `192.168.50.${other}`, 'metric', '4000']);
  exec(host.ns, 'ip', ['-6', 'route', 'add', 'default', 'via', `fd50::${other}`, 'metric', '4000']);
}

/** Address of the container on a host. */
export const plain = (number: number): string => `10.42.${number}.11`;

/** And its IPv6 address. */
export const plain6 = (number: number): string => `fd42:0:0:${number}::11`;

export const reaches = (from: Namespace, number: number): boolean => pings(from, plain(number));

/** Arguments of ping(8) that mean the container of a host, of both families. */
export const waysTo = (number: number): string[] => [plain(number), plain6(number)];

/** The same from a host itself, also with its own addresses inside. */
export const waysOf = (host: number, to: number): string[] => [
  ...waysTo(to),
  `-I 10.42.${host}.1 ${plain(to)}`,
  `-I fd42:0:0:${host}::1 ${plain6(to)}`,
];

/** By both families. */
export const reachesBoth = (from: Namespace, number: number): boolean =>
  answering(from, ...waysTo(number)).length === 2;

/** By neither. */
export const isCut = (from: Namespace, number: number): boolean => answering(from, ...waysTo(number)).length === 0;

/** Waits until a daemon knows of a session with every peer. */
export function connected(daemon: Daemon): Promise<PeerState[]> {
  return until(soon, 'it knows its sessions', async () => {
    const told = await daemon.get<PeerState[]>('/v1/peers');
    return told.every(({ state, tunnel }) => state === 'up' && tunnel?.state === 'established') ? told : undefined;
  });
}

/** Ids of the charon of a host; hosts have network namespaces alone, so all are seen from everywhere. */
export function charonsOf(ns: Namespace): string[] {
  const find = `for pid in $(ip netns pids ${ns.name}); do case $(cat /proc/$pid/comm) in charon*) echo $pid;; esac; done`;
  return exec(ns, 'sh', ['-c', find]).split('\n').filter(Boolean);
}

export function endCharon(ns: Namespace): void {
  for (const pid of charonsOf(ns)) process.kill(Number(pid), 'SIGKILL');
}
