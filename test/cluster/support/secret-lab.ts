// What tests of secret networks ask a lab: who reaches whom, what the overlay tells of its peers, and which charon runs.
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Test } from 'tap';
import { parseConnections, parseSas } from '../../../daemons/overlay/ipsec/parse-sas.ts';
import { openVici } from '../../../daemons/overlay/ipsec/vici.ts';
import { charonPlaces } from '../../../daemons/shared/model/ipsec.ts';
import { pathsBelow } from '../../../daemons/shared/model/paths.ts';
import { callJson, callRaw } from '../../../daemons/shared/source/call.ts';
import { socketOn } from '../../../daemons/supervisor/lab/host-suite.ts';
import { findHost } from '../../../daemons/supervisor/lab/plan-lab.ts';
import { type TestScope, until } from '../../netns/support/namespaces.ts';
import { packPrevious } from '../../netns/support/release.ts';
import { corralCommand, type TestLab } from './lab.ts';
import { type Losses, pingTraffic } from './traffic.ts';

export const hasStrongswan: boolean = existsSync('/usr/sbin/charon-systemd');

export interface PeerState {
  readonly host: string;
  readonly state: string;
  readonly tunnel: {
    readonly state: string;
    readonly rxBytes: number;
    readonly txBytes: number;
    readonly lastRekeyMs: number | null;
  } | null;
}

export interface Condition {
  readonly name: string;
  readonly ok: boolean;
  readonly code: string | null;
  readonly text: string;
}

export function overlayOf(lab: TestLab, host: string): string {
  return socketOn(findHost(lab.lab.plan, host), 'overlay');
}

/** Its process id as the host numbers it; one that was killed may still wait for its parent. @throws if none runs */
export function charonOn(lab: TestLab, host: string): string {
  return lab.run(host, 'pgrep', '-x', '-r', 'D,R,S', 'charon-systemd').trim();
}

/** True if one answer comes within a second. */
export function reaches(lab: TestLab, from: string, address: string, ...more: string[]): boolean {
  return lab.succeeds(from, 'ping', '-n', '-c', '1', '-W', '1', ...more, address);
}

export function peersOf(lab: TestLab, host: string): Promise<PeerState[]> {
  return callJson(overlayOf(lab, host), '/v1/peers', {});
}

/** Packets are counted both ways (counters begin anew with each rekeying), and the peers are these. */
export async function countsTunnels(t: Test, lab: TestLab, host: string, peers: readonly string[]): Promise<void> {
  const told = await until(30_000, 'packets are counted both ways', async () => {
    const all = await peersOf(lab, host);
    return all.every(({ tunnel }) => tunnel && tunnel.rxBytes > 0 && tunnel.txBytes > 0) ? all : undefined;
  });
  t.same(
    told.map((peer) => [peer.host, peer.state, peer.tunnel?.state]).sort(),
    peers.map((peer) => [peer, 'up', 'established']),
  );
}

/** The key that a host uses now, as its overlay tells it; empty while there is none. */
export async function publicKeyOf(lab: TestLab, host: string, driver: 'ipsec' | 'wireguard'): Promise<string> {
  const { keys } = await callJson<{ keys: Record<string, string[]> }>(overlayOf(lab, host), '/v1/keys', {});
  return keys[driver]?.[0] ?? '';
}

/** The connections in charon of a host, with marks of what it shows of them. */
export async function connectionsOn(lab: TestLab, host: string): Promise<Map<string, string>> {
  const vici = openVici(charonPlaces(pathsBelow(findHost(lab.lab.plan, host).root).run).socket);
  try {
    return parseConnections(await vici.list('list-conns', 'list-conn'));
  } finally {
    vici.close();
  }
}

/** Of the overlay of a host. */
export async function conditionOf(lab: TestLab, host: string, name: string): Promise<Condition | undefined> {
  // Of one that is not ready too.
  const { text } = await callRaw(overlayOf(lab, host), '/readyz', {});
  const { conditions } = JSON.parse(text) as { conditions: Condition[] };
  return conditions.find((one) => one.name === name);
}

/** Kills the overlay of a host and waits for the next one. Returns the losses of traffic between two containers meanwhile. */
export async function killOverlay(t: TestScope, lab: TestLab, host: string, way: Way): Promise<Losses> {
  const traffic = await pingTraffic(t, lab, way.from, way.address, 20);
  const before = await until(30_000, 'the overlay is ready', () => lab.pidOf(host, 'overlay'));
  await lab.fault('kill', host, 'overlay');
  await until(30_000, 'the overlay is ready again', async () => {
    const pid = await lab.pidOf(host, 'overlay');
    return pid !== undefined && pid !== before;
  });
  return traffic.stop();
}

export interface Way {
  /** A container: `h1/a1`. */
  readonly from: string;
  /** Of another. */
  readonly address: string;
}

/** The suite of a host goes on as the release of the commit before, then as this one again. Returns the losses of each way. */
export async function changeRelease(t: TestScope, lab: TestLab, host: string, way: Way): Promise<Losses[]> {
  const previous = packPrevious(t);
  const losses: Losses[] = [];
  for (const command of [`${previous.directory}/bin/corral`, corralCommand]) {
    const traffic = await pingTraffic(t, lab, way.from, way.address, 20);
    const before = await until(30_000, 'the overlay is ready', () => lab.pidOf(host, 'overlay'));
    lab.run(host, command, 'takeover');
    const after = await until(30_000, 'the overlay is ready again', () => lab.pidOf(host, 'overlay'));
    if (after === before) throw new Error(`${command}: the overlay is the same process`);
    losses.push(await traffic.stop());
  }
  return losses;
}

/**
 * Packets in the clear to a container of `host` that look like another container's are not let in: by rules and policies, then,
 * while the overlay and network-manager stand still, by policies alone. Without these they do come.
 */
export async function refusesPlain(t: Test, lab: TestLab, host: string, to: string, as: string): Promise<void> {
  t.equal(await injectPlain(lab, host, to, as), 0, 'rules and policies');
  for (const daemon of ['overlay', 'network-manager']) await lab.fault('pause', host, daemon);
  const flush = 'for table in raw mangle filter nat; do iptables -t $table -F; done; iptables -P FORWARD ACCEPT';
  lab.run(host, 'sh', '-c', flush);
  t.equal(await injectPlain(lab, host, to, as), 0, 'policies alone');
  lab.run(host, 'ip', 'xfrm', 'policy', 'flush');
  t.equal(await injectPlain(lab, host, to, as), 5, 'neither: such packets do come');
  for (const daemon of ['network-manager', 'overlay']) await lab.fault('resume', host, daemon);
  await until(30_000, 'the tunnel goes on', () => reaches(lab, `${host}/${to}`, as));
}

/**
 * Somebody on the underlay sends packets in the clear, as if a container of another host did, straight to the host of the
 * container that they are for. Returns how many of five came to that container.
 *
 * @param as the other container's address
 */
async function injectPlain(lab: TestLab, host: string, to: string, as: string): Promise<number> {
  const address = lab.addressOf(host, to);
  const route = [`${address}/32`, 'via', findHost(lab.lab.plan, host).address];
  const seen = lab.start(
    { teardown: () => {} },
    `${host}/${to}`,
    'tcpdump',
    '-i',
    'eth0',
    '-nl',
    'icmp and greater 1000',
  );
  await until(15_000, `tcpdump listens: ${seen.said()}`, () => seen.said().includes('listening on'));
  lab.run('switch', 'ip', 'address', 'add', `${as}/32`, 'dev', 'lo');
  try {
    lab.run('switch', 'ip', 'route', 'add', ...route);
    lab.succeeds('switch', 'ping', '-n', '-c', '5', '-i', '0.1', '-W', '1', '-s', '1100', '-I', as, address);
    await sleep(500);
    return seen.said().split('echo request').length - 1;
  } finally {
    seen.child.kill('SIGTERM');
    lab.succeeds('switch', 'ip', 'route', 'delete', ...route);
    lab.run('switch', 'ip', 'address', 'delete', `${as}/32`, 'dev', 'lo');
  }
}

/** Names of the connections that have an association in the host's own charon, in whatever state. */
export async function connectionsOf(lab: TestLab, host: string): Promise<ReadonlySet<string>> {
  const vici = openVici(charonPlaces(pathsBelow(findHost(lab.lab.plan, host).root).run).socket);
  try {
    return new Set(parseSas(await vici.list('list-sas', 'list-sa')).map(({ name }) => name));
  } finally {
    vici.close();
  }
}
