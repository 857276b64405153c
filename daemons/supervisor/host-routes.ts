// The host's own IPv4 routes, read once before a start.
import { openNetlink, PROTO_CORRAL, type Route } from '../shared/effects/netlink.ts';
import type { HostRoute } from '../shared/model/overlaps.ts';

export interface HostRoutes {
  readonly routes: readonly HostRoute[];
  readonly devices: readonly string[];
}

/** Routes of the main table, with the names of their devices. */
export async function readHostRoutes(): Promise<HostRoutes> {
  const netlink = openNetlink();
  try {
    const [routes, links] = await Promise.all([netlink.listRoutes(), netlink.listLinks()]);
    const names = new Map(links.map((link) => [link.index, link.name]));
    return { routes: routes.flatMap((route) => hostRoute(route, names)), devices: [...names.values()] };
  } finally {
    netlink.close();
  }
}

function hostRoute(route: Route, names: ReadonlyMap<number, string>): HostRoute[] {
  const { base, prefix } = route.dst;
  if (typeof base !== 'number') return [];
  const device = route.index === undefined ? null : (names.get(route.index) ?? null);
  return [{ dst: { base, prefix }, device, own: route.protocol === PROTO_CORRAL }];
}
