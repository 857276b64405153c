// Pure: which peers are probed, from which address, and with how large a message.
import { renderIpv4 } from '../../shared/model/ipv4.ts';
import type { Driver } from '../../shared/model/objects.ts';
import { renderAddress } from '../addresses.ts';
import type { HostFacts } from '../host-facts.ts';
import type { OverlayNetwork, Peer } from '../overlay-network.ts';
import type { Target } from './peer-book.ts';

/** IPv4's header and UDP's. */
const headers = 28;

export interface ProbeTarget extends Target {
  readonly network: string;
  readonly driver: Driver;
  readonly vni: number;
  readonly hostId: string;
  readonly host: string;
  /** Outer address. */
  readonly address: string;
  /** Where probes go; undefined: it has no address inside the network, so it cannot be probed. */
  readonly gateway: string | undefined;
}

/** A network with the address from which its peers are probed; undefined while this host has none in it. */
export interface ProbeNetwork {
  readonly name: string;
  readonly from: string | undefined;
  readonly targets: readonly ProbeTarget[];
}

/** A peer's record is the same object until it differs, and there may be a thousand of them. */
const known = new WeakMap<Peer, ProbeTarget>();

/** @param mtuTo the largest packet that reaches a peer whole */
export function probeNetwork(network: OverlayNetwork, facts: HostFacts, mtuTo: (peer: Peer) => number): ProbeNetwork {
  const { name, driver, vni, self, peers } = network;
  const own = self.gateways.find((gateway) => facts.addresses.has(gateway));
  const targetOf = (peer: Peer): ProbeTarget => {
    const fullLength = mtuTo(peer) - headers;
    const before = known.get(peer);
    if (before?.network === name && before.vni === vni && before.fullLength === fullLength) return before;
    const target: ProbeTarget = {
      key: `${name}/${peer.hostId}`,
      fullLength,
      network: name,
      driver,
      vni,
      hostId: peer.hostId,
      host: peer.host,
      address: renderAddress(peer.address),
      gateway: peer.gateway === undefined ? undefined : renderIpv4(peer.gateway),
    };
    known.set(peer, target);
    return target;
  };
  return { name, from: own === undefined ? undefined : renderIpv4(own), targets: peers.map(targetOf) };
}
