// Reads the host's addresses and the ways to the peers. Ways are asked one by one, since only the kernel knows which of its
// rules and tables decide, and what it discovered about their MTU; so they are remembered until something says otherwise.
import type { Ip, Netlink } from '../shared/effects/netlink.ts';
import type { HostFacts, Path } from './host-facts.ts';

export type FactReads = Pick<Netlink, 'listAddresses' | 'getLink' | 'routeTo'>;

/** A path whose MTU was discovered, or a route that changed, is seen within this time. */
const oldestMs = 30_000;

/** Outer addresses. */
export interface Asked {
  /** Of this host, which may have none of them. */
  readonly own: readonly Ip[];
  readonly peers: readonly Ip[];
}

interface Held {
  addresses: Addresses | undefined;
  readonly paths: Map<Ip, Path>;
}

interface Addresses {
  readonly mtus: ReadonlyMap<Ip, number>;
  /** Indexes of their devices. */
  readonly devices: ReadonlyMap<Ip, number>;
}

export class Facts {
  readonly #netlink: FactReads;
  readonly #now: () => number;
  /** Another one after each doubt: what a reading under way still fills in is not used again. */
  #held: Held = blank();
  /** Stays until the next are known: what changes meanwhile concerns us too. */
  #uplinks: ReadonlySet<number> = new Set();
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(netlink: FactReads, now: () => number) {
    this.#netlink = netlink;
    this.#now = now;
  }

  /** Devices on which ways or own addresses lie. */
  concerns(index: number): boolean {
    return this.#uplinks.has(index);
  }

  /** The next reading asks for everything, also if one is under way now. */
  doubt(): void {
    this.#held = blank();
  }

  /** @throws NETLINK_*. */
  async read({ own, peers }: Asked): Promise<HostFacts> {
    if (this.#now() - this.#readAt >= oldestMs) this.doubt();
    const held = this.#held;
    const links = new Links(this.#netlink);
    if (!held.addresses) {
      this.#readAt = this.#now();
      held.addresses = await this.#readAddresses(links);
    }
    const unknown = new Set(peers.filter((address) => !held.paths.has(address)));
    await Promise.all([...unknown].map((address) => this.#readPath(address, links, held.paths)));
    const { mtus, devices } = held.addresses;
    const ways = [...held.paths.values()].map(({ index }) => index);
    this.#uplinks = new Set([...ways, ...own.flatMap((address) => devices.get(address) ?? [])]);
    return { addresses: mtus, paths: held.paths };
  }

  async #readAddresses(links: Links): Promise<Addresses> {
    const listed = await this.#netlink.listAddresses();
    const usable = listed.filter(({ detection }) => detection === undefined);
    const mtus = await Promise.all(usable.map(({ index }) => links.mtuOf(index)));
    return {
      mtus: new Map(usable.map(({ address }, at) => [address, mtus[at] ?? 0])),
      devices: new Map(usable.map(({ address, index }) => [address, index])),
    };
  }

  async #readPath(address: Ip, links: Links, paths: Map<Ip, Path>): Promise<void> {
    const route = await this.#netlink.routeTo(address);
    const mtu = route?.index === undefined ? undefined : await links.mtuOf(route.index);
    if (route?.index === undefined || mtu === undefined || (route.type ?? 'unicast') !== 'unicast') return;
    paths.set(address, { index: route.index, onLink: route.via === undefined, mtu: Math.min(mtu, route.mtu ?? mtu) });
  }
}

function blank(): Held {
  return { addresses: undefined, paths: new Map() };
}

/** Each device is asked for once in a reading. */
class Links {
  readonly #netlink: Pick<Netlink, 'getLink'>;
  readonly #mtus = new Map<number, Promise<number | undefined>>();

  constructor(netlink: Pick<Netlink, 'getLink'>) {
    this.#netlink = netlink;
  }

  mtuOf(index: number): Promise<number | undefined> {
    const known = this.#mtus.get(index) ?? this.#netlink.getLink(index).then((link) => link?.mtu);
    this.#mtus.set(index, known);
    return known;
  }
}
