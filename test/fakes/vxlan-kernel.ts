// The part of a kernel that the VXLAN driver uses. It keeps state, and refuses what the kernel refuses.
import type { VxlanWrites } from '../../daemons/overlay/vxlan/apply-steps.ts';
import type { VxlanReads } from '../../daemons/overlay/vxlan/observe-vxlan.ts';
import type { Address, FdbEntry, KnownFdbEntry, Link, Neighbour, Route } from '../../daemons/shared/effects/netlink.ts';
import { SuiteError } from '../../daemons/shared/model/errors.ts';
import type { Mac } from '../../daemons/shared/model/mac.ts';

type Kernel = VxlanReads & VxlanWrites;

export interface FakeKernel extends Kernel {
  readonly links: Map<number, Link>;
  readonly fdb: Map<string, KnownFdbEntry>;
  readonly neighbours: Map<string, Neighbour>;
  readonly routes: Map<string, Route>;
  /** Names of the verbs that wrote, in order. */
  readonly written: string[];
  /** Listings made. */
  reads: number;
  /** Refuses a write whose description it returns a text for. */
  refuse: (verb: string) => boolean;
}

const routeId = ({ dst, metric }: Pick<Route, 'dst' | 'metric'>): string => `${dst.base}/${dst.prefix} ${metric ?? ''}`;

export function makeKernel(): FakeKernel {
  const links = new Map<number, Link>();
  const fdb = new Map<string, KnownFdbEntry>();
  const neighbours = new Map<string, Neighbour>();
  const routes = new Map<string, Route>();
  const addresses: Address[] = [];
  let nextIndex = 10;
  const write = (verb: string): void => {
    if (kernel.refuse(verb)) throw new SuiteError('NETLINK_REFUSED', `${verb}: EINVAL`);
    kernel.written.push(verb);
  };
  const must = (index: number): Link => {
    const link = links.get(index);
    if (!link) throw new SuiteError('NETLINK_NO_SUCH_DEVICE', `device ${index}`);
    return link;
  };
  const forget = (index: number, what: { neighbours?: boolean; routes?: boolean; fdb?: boolean }): void => {
    if (what.neighbours) for (const [key, one] of neighbours) if (one.index === index) neighbours.delete(key);
    if (what.routes) for (const [key, one] of routes) if (one.index === index) routes.delete(key);
    if (what.fdb) for (const [key, one] of fdb) if (one.index === index) fdb.delete(key);
  };
  const kernel: FakeKernel = {
    links,
    fdb,
    neighbours,
    routes,
    written: [],
    reads: 0,
    refuse: () => false,
    async listLinks() {
      kernel.reads += 1;
      return [...links.values()];
    },
    listFdb: async (of) => [...fdb.values()].filter(({ index }) => 'own' in of && index === of.own),
    listAddresses: async (index) => addresses.filter((one) => one.index === index),
    async ensureAddress(want) {
      must(want.index);
      write('ensureAddress');
      addresses.push(want);
      return true;
    },
    listNeighbours: async (index) => [...neighbours.values()].filter((one) => one.index === index),
    listRoutes: async (filter) =>
      [...routes.values()].filter(({ dst }) => (typeof dst.base === 'string') === (filter?.family === 6)),
    getLink: async (ref) => [...links.values()].find(({ name, index }) => ref === name || ref === index),
    async createVxlan(name, options) {
      const rival = [...links.values()].some(
        (link) => link.name === name || (link.vxlan?.vni === options.vni && link.vxlan.port === options.port),
      );
      if (rival) throw new SuiteError('NETLINK_EXISTS', `create ${name}`);
      write('createVxlan');
      const index = nextIndex;
      nextIndex += 1;
      links.set(index, linkOf(index, name, options));
    },
    async changeVxlan(ref, changes) {
      const link = must(ref as number);
      write('changeVxlan');
      links.set(link.index, { ...link, vxlan: { ...link.vxlan!, ...changes } });
    },
    async setLink(ref, changes) {
      const link = must(ref as number);
      write('setLink');
      if (changes.mac !== undefined && changes.mac !== link.mac) forget(link.index, { neighbours: true });
      const master = changes.master === undefined ? link.master : changes.master || undefined;
      links.set(link.index, { ...link, ...changes, master });
    },
    async dropLink(ref) {
      write('dropLink');
      forget(ref as number, { neighbours: true, routes: true, fdb: true });
      return links.delete(ref as number);
    },
    async setFdb(want: FdbEntry) {
      must(want.index);
      write('setFdb');
      fdb.set(`${want.index} ${want.mac}`, { ...want, master: undefined, kind: 'static' });
    },
    async dropFdb(entry) {
      write('dropFdb');
      const key = `${entry.index} ${entry.mac}`;
      // With a wrong destination the kernel says yes and does nothing.
      return fdb.get(key)?.dst === entry.dst && fdb.delete(key);
    },
    async setNeighbour(want: { index: number; address: Neighbour['address']; mac: Mac }) {
      must(want.index);
      write('setNeighbour');
      neighbours.set(`${want.index} ${want.address}`, { ...want, permanent: true, failed: false });
    },
    async dropNeighbour({ index, address }) {
      write('dropNeighbour');
      return neighbours.delete(`${index} ${address}`);
    },
    async setRoute(want) {
      if (want.index !== undefined && want.onlink) must(want.index);
      write('setRoute');
      routes.set(routeId(want), { protocol: 143, type: 'unicast', ...want });
    },
    async dropRoute(route) {
      write('dropRoute');
      return routes.delete(routeId(route));
    },
  };
  return kernel;
}

function linkOf(index: number, name: string, options: Parameters<VxlanWrites['createVxlan']>[1]): Link {
  const { vni, port, local, link, mac, mtu = 1500, alias, up = false } = options;
  return {
    index,
    name,
    mac,
    mtu,
    kind: 'vxlan',
    master: undefined,
    up,
    running: up,
    promisc: false,
    alias,
    group: 0,
    peerIndex: undefined,
    peerNetnsId: undefined,
    port: undefined,
    isPortEnabled: false,
    ifId: undefined,
    vxlan: { vni, port, local, link, learning: false, special: false },
  };
}
