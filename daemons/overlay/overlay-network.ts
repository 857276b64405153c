// Pure: a network that an overlay driver makes, as this host has to see it. Addresses are in the form that netlink takes
// (IPv4 as a number, IPv6 as canonical text).
import type { Ip, IpRange } from '../shared/effects/netlink.ts';
import type { ErrorCode } from '../shared/model/errors.ts';
import type { Cidr4, Ipv4 } from '../shared/model/ipv4.ts';
import type { Mac } from '../shared/model/mac.ts';
import type { Driver } from '../shared/model/objects.ts';

export interface OverlayNetwork {
  readonly name: string;
  readonly driver: Driver;
  readonly vni: number;
  readonly bridge: string;
  readonly subnet: Cidr4;
  /** IPv6 inside. */
  readonly subnet6: IpRange | undefined;
  /** Every address is claimed on its own; no host has a block. */
  readonly flat: boolean;
  /** Peers on the same link are reached without the tunnel. */
  readonly direct: boolean;
  /** As configured; undefined: from the uplink. */
  readonly mtu: number | undefined;
  readonly self: Self;
  /** In order of their ids. */
  readonly peers: readonly Peer[];
}

export interface Self {
  readonly hostId: string;
  readonly mac: Mac;
  /** Outer address; its family is the tunnel's. */
  readonly address: Ip;
  /** Possible addresses of this host inside the network, the best first; each is of use once the bridge has it. */
  readonly gateways: readonly Ipv4[];
  readonly gateways6: readonly string[];
  /** Blocks of this host, and single addresses of it that lie outside of them. */
  readonly ranges: readonly IpRange[];
  readonly ranges6: readonly IpRange[];
}

export interface Peer {
  readonly hostId: string;
  readonly host: string;
  readonly alive: boolean;
  /** Outer address. */
  readonly address: Ip;
  readonly mac: Mac;
  /** Next hop of its IPv4 ranges: the base of its first block. */
  readonly via: Ipv4;
  /** Next hop of its IPv6 ranges: a link-local address of its MAC. */
  readonly via6: string;
  /** Blocks, and single addresses that lie outside of them. */
  readonly ranges: readonly IpRange[];
  readonly ranges6: readonly IpRange[];
  /** Its own address inside the network, which answers probes; undefined without a block. */
  readonly gateway: Ipv4 | undefined;
}

/** A host or a network that is left out, and why. */
export interface Fault {
  readonly network: string;
  readonly code: ErrorCode;
  readonly text: string;
}

/** A network whose packets must not be seen in the clear, whether or not it can be connected now. */
export type GuardedNetwork = Pick<OverlayNetwork, 'name' | 'driver' | 'vni' | 'bridge' | 'subnet' | 'subnet6'>;

export interface Wish {
  readonly networks: readonly OverlayNetwork[];
  readonly guarded: readonly GuardedNetwork[];
  readonly faults: readonly Fault[];
  /** False: nothing may be removed or replaced on this word. */
  readonly complete: boolean;
}

export function familyOfTunnel({ address }: { readonly address: Ip }): 4 | 6 {
  return typeof address === 'number' ? 4 : 6;
}
