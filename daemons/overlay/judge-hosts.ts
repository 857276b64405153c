// Pure: which hosts can be peers of this one. Whoever cannot is left out and reported; the others are not affected.
import type { Ip as NetlinkIp } from '../shared/effects/netlink.ts';
import { parseIp } from '../shared/model/ip.ts';
import { isUsableMac, type Mac, parseMac, vtepMac } from '../shared/model/mac.ts';
import type { HostObject } from '../shared/model/objects.ts';
import type { Snapshot } from '../shared/model/snapshot.ts';
import { canBeReached, linkLocalOf, renderAddress, toNetlink } from './addresses.ts';
import { InOrder } from './in-order.ts';
import type { Peer, Self } from './overlay-network.ts';

/** Equal records give the same object, so that what follows from one is computed once. */
export type HostTunnel = Pick<Peer, 'hostId' | 'host' | 'alive' | 'address' | 'mac' | 'via6'>;

export interface Tunnels {
  /** Undefined while this host's own address is not known. */
  readonly self: Pick<Self, 'hostId' | 'mac' | 'address'> | undefined;
  /** In order of ids. */
  readonly peers: readonly HostTunnel[];
  readonly faults: readonly string[];
}

/** Of two hosts with one address, or one MAC, the one with the lower id is kept: every host decides the same. */
export function judgeHosts(snapshot: Snapshot): Tunnels {
  const { hostId } = snapshot;
  const own = parseAddress(snapshot.get('host', hostId)?.agentIp ?? null);
  if (own === undefined) return { self: undefined, peers: [], faults: [] };
  const self = { hostId, mac: vtepMac(hostId), address: own };
  const faults: string[] = [];
  const peers: HostTunnel[] = [];
  const taken = new Map<NetlinkIp, string>([
    [own, 'this host'],
    [self.mac, 'this host'],
  ]);
  for (const host of hostsById.of(snapshot.table('host'))) {
    // A declared host has no overlay, and one that does not know its address yet reports so itself.
    if (host.id === hostId || host.vtepMac === undefined || host.agentIp === null) continue;
    const tunnel = tunnelOf(host);
    const fault = typeof tunnel === 'string' ? tunnel : conflictOf(tunnel, own, taken);
    if (fault !== undefined || typeof tunnel === 'string') {
      faults.push(`${host.name}: ${fault}`);
      continue;
    }
    taken.set(tunnel.address, host.name).set(tunnel.mac, host.name);
    peers.push(tunnel);
  }
  return { self, peers, faults };
}

const hostsById = new InOrder<HostObject>();
const tunnels = new WeakMap<HostObject, HostTunnel | string>();

/** The host's end of the tunnel, or why it has none. */
function tunnelOf(host: HostObject): HostTunnel | string {
  const known = tunnels.get(host);
  if (known !== undefined) return known;
  const tunnel = parseTunnel(host);
  tunnels.set(host, tunnel);
  return tunnel;
}

function parseTunnel({ id, name, agentIp, alive, vtepMac: text }: HostObject): HostTunnel | string {
  const address = parseAddress(agentIp);
  const mac = usableMac(text);
  if (address === undefined) return `its agent address ${shown(agentIp)} cannot be reached`;
  if (mac === undefined) return `its overlay MAC ${shown(text)} is of no device`;
  return { hostId: id, host: name, alive: alive !== false, address, mac, via6: linkLocalOf(mac) };
}

function conflictOf(
  { address, mac }: HostTunnel,
  own: NetlinkIp,
  taken: ReadonlyMap<NetlinkIp, string>,
): string | undefined {
  if (typeof address !== typeof own) return `${renderAddress(address)} is of another family than this host's address`;
  const rival = taken.get(address);
  if (rival !== undefined) return `${rival} has its agent address ${renderAddress(address)} too`;
  const twin = taken.get(mac);
  return twin === undefined ? undefined : `${twin} has its overlay MAC ${mac} too`;
}

function parseAddress(text: string | null): NetlinkIp | undefined {
  const address = text === null ? undefined : parseIp(text);
  return address !== undefined && canBeReached(address) ? toNetlink(address) : undefined;
}

function usableMac(text: string | undefined): Mac | undefined {
  const mac = text === undefined ? undefined : parseMac(text);
  return mac !== undefined && isUsableMac(mac) ? mac : undefined;
}

function shown(text: string | null | undefined): string {
  return JSON.stringify(text)?.slice(0, 60) ?? 'none';
}
