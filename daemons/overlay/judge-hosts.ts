// Pure: which hosts can be peers of this one. Whoever cannot is left out and reported; the others are not affected.
import { familyOf, type Ip, parseIp, renderIp } from '../shared/model/ip.ts';
import { isUsableMac, type Mac, parseMac, vtepMac } from '../shared/model/mac.ts';
import type { HostObject } from '../shared/model/objects.ts';
import type { Snapshot } from '../shared/model/snapshot.ts';
import { canBeReached, toNetlink } from './addresses.ts';
import type { Peer, Self } from './overlay-network.ts';

export type HostTunnel = Pick<Peer, 'hostId' | 'host' | 'alive' | 'address' | 'mac'>;

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
  const self = { hostId, mac: vtepMac(hostId), address: toNetlink(own) };
  const faults: string[] = [];
  const peers: HostTunnel[] = [];
  const taken = new Map<string, string>([
    [renderIp(own), 'this host'],
    [self.mac, 'this host'],
  ]);
  const hosts = [...snapshot.all('host')].sort((a, b) => (a.id < b.id ? -1 : 1));
  for (const host of hosts) {
    // A declared host has no overlay, and one that does not know its address yet reports so itself.
    if (host.id === hostId || host.vtepMac === undefined || host.agentIp === null) continue;
    const verdict = judge(host, own, taken);
    if (typeof verdict === 'string') {
      faults.push(`${host.name}: ${verdict}`);
      continue;
    }
    taken.set(host.agentIp, host.name).set(verdict.mac, host.name);
    peers.push(verdict);
  }
  return { self, peers, faults };
}

function judge(host: HostObject, own: Ip, taken: ReadonlyMap<string, string>): HostTunnel | string {
  const address = parseAddress(host.agentIp);
  const mac = usableMac(host.vtepMac);
  if (address === undefined) return `its agent address ${shown(host.agentIp)} cannot be reached`;
  if (mac === undefined) return `its overlay MAC ${shown(host.vtepMac)} is of no device`;
  if (familyOf(address) !== familyOf(own)) return `${renderIp(address)} is of another family than this host's address`;
  const rival = taken.get(renderIp(address));
  if (rival !== undefined) return `${rival} has its agent address ${renderIp(address)} too`;
  const twin = taken.get(mac);
  if (twin !== undefined) return `${twin} has its overlay MAC ${mac} too`;
  return { hostId: host.id, host: host.name, alive: host.alive !== false, address: toNetlink(address), mac };
}

function parseAddress(text: string | null): Ip | undefined {
  const address = text === null ? undefined : parseIp(text);
  return address !== undefined && canBeReached(address) ? address : undefined;
}

function usableMac(text: string | undefined): Mac | undefined {
  const mac = text === undefined ? undefined : parseMac(text);
  return mac !== undefined && isUsableMac(mac) ? mac : undefined;
}

function shown(text: string | null | undefined): string {
  return JSON.stringify(text)?.slice(0, 60) ?? 'none';
}
