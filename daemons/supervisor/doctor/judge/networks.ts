// Pure: subnets, sizes, ports and peers.
import type { Family } from '../../../shared/model/ip.ts';
import { type Cidr4, overlaps, parseCidr4, renderCidr4 } from '../../../shared/model/ipv4.ts';
import { overheadOf } from '../../../shared/model/networks.ts';
import type { Driver } from '../../../shared/model/objects.ts';
import { findOverlap, type HostRoute, proposeSubnet } from '../../../shared/model/overlaps.ts';
import type { Peer } from '../../cli/render-peers.ts';
import { counted, fail, namesOf, pass, skip, type Verdict, warn } from '../verdict.ts';

interface Ranged {
  readonly name: string;
  readonly subnet: string;
}

export interface Surroundings {
  readonly routes: readonly HostRoute[];
  /** Names of all devices. */
  readonly devices: readonly string[];
  /** Files of k3s or RKE2 are on the host. */
  readonly hasK3s: boolean;
}

const k3sRange = parseCidr4('10.42.0.0/15')!;

export function judgeSubnets(networks: readonly Ranged[], { routes, devices, hasK3s }: Surroundings): Verdict {
  const own = new Set(devices.filter((device) => /^(corral|vtep)/.test(device)));
  const ranges = networks.map(({ name, subnet }) => ({ name, range: parseCidr4(subnet)! }));
  const taken = [...ranges.map(({ range }) => range), ...routes.map(({ dst }) => dst)];
  for (const { name, range } of ranges) {
    const obstacle = findOverlap(range, routes, own);
    if (!obstacle) continue;
    return fail(
      `${name} has ${renderCidr4(range)}, and the host routes ${renderCidr4(obstacle.dst)} by ${obstacle.device ?? 'nobody'}`,
      moveTo(range, taken),
    );
  }
  const usual = ranges.find(({ range }) => overlaps(range, k3sRange));
  if (usual && hasK3s) {
    return warn(
      `${usual.name} has ${renderCidr4(usual.range)}, which k3s uses for its pods, and k3s is on this host`,
      moveTo(usual.range, taken),
    );
  }
  return pass(
    `${namesOf(networks.map(({ name, subnet }) => `${name} ${subnet}`))}: the host reaches nothing else there`,
  );
}

function moveTo(range: Cidr4, taken: readonly Cidr4[]): string {
  const free = proposeSubnet(taken, range.prefix);
  return `give the network another subnet in corral.yaml${free ? `; ${renderCidr4(free)} is free` : ''}`;
}

export interface BlockUse extends Ranged {
  readonly block: number | null;
  readonly owned: readonly string[];
}

export function judgeBlocks(networks: readonly BlockUse[]): Verdict {
  const uses = networks.flatMap(({ name, subnet, block, owned }) => {
    if (block === null || owned.length === 0) return [];
    return [{ name, used: owned.length, most: 2 ** (block - parseCidr4(subnet)!.prefix) }];
  });
  if (uses.length === 0) return skip('no network has blocks yet');
  const tell = ({ name, used, most }: (typeof uses)[number]): string => `${name}: ${used} of ${most} blocks are taken`;
  const scarce = uses.filter(({ used, most }) => used > most * 0.8 && most > 4);
  const next = 'remove hosts that are gone (corral host rm), or make a network with a larger subnet or longer blocks';
  const full = uses.filter(({ used, most }) => used >= most && most > 1);
  if (full.length > 0) return fail(`no further host can join: ${namesOf(full.map(tell))}`, next);
  return scarce.length > 0 ? warn(namesOf(scarce.map(tell)), next) : pass(namesOf(uses.map(tell)));
}

export interface DeviceSize {
  readonly network: string;
  readonly driver: Driver;
  readonly device: string;
  readonly mtu: number;
}

/**
 * @param uplink MTU of the device of the default route; undefined without one
 * @param underlay family in which the hosts speak: IPv6's header is longer
 */
export function judgeMtu(uplink: number | undefined, underlay: Family, devices: readonly DeviceSize[]): Verdict {
  if (uplink === undefined) return skip('no default route, so no uplink to compare with');
  if (devices.length === 0) return skip('no bridge is there yet');
  const large = devices.filter(({ driver, mtu }) => mtu + overheadOf(driver, underlay) > uplink);
  if (large.length === 0)
    return pass(`${namesOf(devices.map(({ device, mtu }) => `${device} ${mtu}`))} fit into the uplink's ${uplink}`);
  const told = large.map(({ device, mtu, driver }) => {
    return `${device} has ${mtu}, and ${driver} over IPv${underlay} adds ${overheadOf(driver, underlay)}`;
  });
  return fail(
    `${namesOf(told)}; the uplink takes ${uplink}: large packets are lost`,
    'leave mtu of the network at auto, or set it to what the uplink can carry; then start the containers anew',
  );
}

export interface NeededPort {
  readonly protocol: 'udp' | 'tcp';
  readonly address: string | null;
  readonly port: number;
  /** What it is for: `DNS`, `tunnels of corral (vxlan)`. */
  readonly purpose: string;
}

export function judgePorts(needed: readonly NeededPort[], isOpen: (port: NeededPort) => boolean): Verdict {
  const tell = ({ protocol, address, port, purpose }: NeededPort): string =>
    `${protocol} ${address ?? '*'}:${port} (${purpose})`;
  const closed = needed.filter((port) => !isOpen(port));
  if (closed.length === 0) return pass(`${counted(needed.length, 'port')} are served: ${namesOf(needed.map(tell))}`);
  return fail(
    `nobody listens on ${namesOf(closed.map(tell))}`,
    'the daemon behind it says why in corral status; PORT_TAKEN there means that another program has the port: ss -lntup',
  );
}

const portsOf: Readonly<Record<string, string>> = {
  vxlan: 'UDP 4789',
  wireguard: 'UDP 51820',
  ipsec: 'UDP 500 and 4500, and ESP (protocol 50)',
};

export function judgePeers(peers: readonly Peer[]): Verdict {
  if (peers.length === 0) return skip('no other host');
  const down = peers.filter(({ state }) => state === 'down');
  const up = peers.filter(({ state }) => state === 'up').length;
  if (down.length === 0) return pass(`answers through the overlay: ${up} of ${counted(peers.length, 'peer')}`);
  const ports = [...new Set(down.map(({ driver }) => portsOf[driver] ?? driver))].join(', ');
  const told = down.map(({ host, address, lastReplyMs }) => {
    const last = lastReplyMs === null ? 'never' : `${Math.round(lastReplyMs / 1_000)} s ago`;
    return `${host} (${address}, last answer ${last})`;
  });
  return fail(
    `no answer through the overlay from ${namesOf(told)}`,
    `does the host run, and does a firewall between the hosts let ${ports} through? ping ${down[0]!.address} tells the first`,
  );
}

export function judgePathMtu(peers: readonly Peer[]): Verdict {
  const tried = peers.filter(({ state, mtuOk }) => state === 'up' && mtuOk !== null);
  if (tried.length === 0)
    return skip(peers.length === 0 ? 'no other host' : 'no peer was tried with packets of full size yet');
  const small = tried.filter(({ mtuOk }) => mtuOk === false);
  if (small.length === 0) return pass(`packets of full size reach ${counted(tried.length, 'peer')}`);
  return fail(
    `packets of full size do not reach ${namesOf(small.map(({ host }) => host))}; small ones do`,
    'the way between the hosts carries less than the uplink: set mtu of the network in corral.yaml on every host',
  );
}
