// Pure: what the overlay needs to know of the host beyond its own devices; observe.ts fills it.
import type { Ip } from '../shared/effects/netlink.ts';

/** How this host reaches an outer address. */
export interface Path {
  /** Index of the outgoing device. */
  readonly index: number;
  /** The peer is on the same link: no router in between. */
  readonly onLink: boolean;
  /** Of the route if it has one or one was discovered, else of the device. */
  readonly mtu: number;
}

export interface HostFacts {
  /** The host's addresses, each with the MTU of its device. */
  readonly addresses: ReadonlyMap<Ip, number>;
  /** By outer address; one that cannot be reached now is absent. */
  readonly paths: ReadonlyMap<Ip, Path>;
}
