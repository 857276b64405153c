// Reads the host's addresses and the ways to the peers. Ways are asked one by one, since only the kernel knows which of its
// rules and tables decide, and what it discovered about their MTU; so they are remembered until something says otherwise.
import type { Ip, Netlink } from '../shared/effects/netlink.ts';
import type { HostFacts, Path } from './host-facts.ts';

export type FactReads = Pick<Netlink, 'listAddresses' | 'getLink' | 'routeTo'>;

/** A path whose MTU was discovered, or a route that changed, is seen within this time. */
const oldestMs = 30_000;

export class Facts {
  readonly #netlink: FactReads;
  readonly #now: () => number;
  readonly #paths = new Map<Ip, Path>();
  #addresses: ReadonlyMap<Ip, number> | undefined;
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

  doubt(): void {
    this.#addresses = undefined;
    this.#paths.clear();
  }

  /** @throws NETLINK_*. */
  async read(outer: Iterable<Ip>): Promise<HostFacts> {
    if (this.#now() - this.#readAt >= oldestMs) this.doubt();
    const links = new Links(this.#netlink);
    if (!this.#addresses) {
      this.#addresses = await this.#readAddresses(links);
      this.#readAt = this.#now();
    }
    const unknown = new Set<Ip>();
    for (const address of outer) if (!this.#paths.has(address)) unknown.add(address);
    await Promise.all([...unknown].map((address) => this.#readPath(address, links)));
    if (unknown.size > 0) this.#uplinks = new Set([...this.#paths.values()].map(({ index }) => index));
    return { addresses: this.#addresses, paths: this.#paths };
  }

  async #readAddresses(links: Links): Promise<Map<Ip, number>> {
    const listed = await this.#netlink.listAddresses();
    const usable = listed.filter(({ detection }) => detection === undefined);
    const mtus = await Promise.all(usable.map(({ index }) => links.mtuOf(index)));
    return new Map(usable.map(({ address }, at) => [address, mtus[at] ?? 0]));
  }

  async #readPath(address: Ip, links: Links): Promise<void> {
    const route = await this.#netlink.routeTo(address);
    const mtu = route?.index === undefined ? undefined : await links.mtuOf(route.index);
    if (route?.index === undefined || mtu === undefined || (route.type ?? 'unicast') !== 'unicast') return;
    const path = { index: route.index, onLink: route.via === undefined, mtu: Math.min(mtu, route.mtu ?? mtu) };
    this.#paths.set(address, path);
  }
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
