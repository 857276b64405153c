// Pure: the peers whose entries are in the kernel just as they are wanted, so that a pass over a thousand of them looks only at
// those that are others than before. What has to go away is found by a whole comparison alone.
import type { HostFacts, Path } from '../host-facts.ts';
import type { OverlayNetwork, Peer } from '../overlay-network.ts';
import { routeKey } from './vtep-state.ts';

interface SettledPeer {
  readonly peer: Peer;
  /** A way of another MTU is another route. */
  readonly path: Path | undefined;
}

interface SettledNetwork {
  /** All of it but its peers, as text. */
  readonly ground: string;
  readonly addresses: HostFacts['addresses'];
  /** By host. */
  readonly peers: Map<string, SettledPeer>;
}

export class Settled {
  readonly #networks = new Map<string, SettledNetwork>();

  forget(): void {
    this.#networks.clear();
  }

  /** The kernel has exactly what these want. */
  note(networks: readonly OverlayNetwork[], facts: HostFacts): void {
    const names = new Set(networks.map(({ name }) => name));
    for (const name of this.#networks.keys()) if (!names.has(name)) this.#networks.delete(name);
    for (const network of networks) {
      const known = this.#networks.get(network.name)?.peers ?? new Map<string, SettledPeer>();
      notePeers(known, network.peers, facts);
      const peers = known.size === network.peers.length ? known : new Map<string, SettledPeer>();
      if (peers !== known) notePeers(peers, network.peers, facts);
      this.#networks.set(network.name, { ground: groundOf(network), addresses: facts.addresses, peers });
    }
  }

  /** The networks, each with those of its peers that differ; undefined if anything else differs, or something has to go. */
  partOf(networks: readonly OverlayNetwork[], facts: HostFacts): readonly OverlayNetwork[] | undefined {
    if (networks.length !== this.#networks.size) return undefined;
    const parts: OverlayNetwork[] = [];
    for (const network of networks) {
      const settled = this.#networks.get(network.name);
      if (settled?.addresses !== facts.addresses || settled.ground !== groundOf(network)) return undefined;
      const peers = unsettled(network.peers, settled.peers, facts);
      if (!peers) return undefined;
      parts.push({ ...network, peers });
    }
    return parts;
  }
}

function groundOf(network: OverlayNetwork): string {
  return JSON.stringify({ ...network, peers: [] });
}

function notePeers(known: Map<string, SettledPeer>, peers: readonly Peer[], { paths }: HostFacts): void {
  for (const peer of peers) {
    const before = known.get(peer.hostId);
    const path = paths.get(peer.address);
    if (before?.peer !== peer || before.path !== path) known.set(peer.hostId, { peer, path });
  }
}

function unsettled(
  peers: readonly Peer[],
  settled: ReadonlyMap<string, SettledPeer>,
  { paths }: HostFacts,
): Peer[] | undefined {
  const found: Peer[] = [];
  let kept = 0;
  for (const peer of peers) {
    const before = settled.get(peer.hostId);
    if (before) kept += 1;
    if (before?.peer === peer && before.path === paths.get(peer.address)) continue;
    if (before && !takesAllPlacesOf(peer, before.peer)) return undefined;
    found.push(peer);
  }
  return kept === settled.size ? found : undefined;
}

/** Nothing of the former peer stays behind when the entries of this one are written. */
function takesAllPlacesOf(peer: Peer, former: Peer): boolean {
  if (peer.mac !== former.mac || peer.via !== former.via || peer.via6 !== former.via6) return false;
  const keys = new Set([...peer.ranges, ...peer.ranges6].map((range) => routeKey(range)));
  return [...former.ranges, ...former.ranges6].every((range) => keys.has(routeKey(range)));
}
