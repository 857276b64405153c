// Reads what the VXLAN driver compares: devices, their entries, the overlay's routes, settings. Writes nothing. A listing that
// was interrupted is repeated below (transport.ts), and one that stays so fails: half a list would look like damage.
import { type Netlink, PROTO_CORRAL, type Route } from '../../shared/effects/netlink.ts';
import { readSysctl } from '../../shared/effects/sysctl.ts';
import { hasCode } from '../../shared/model/errors.ts';
import type { Mac } from '../../shared/model/mac.ts';
import {
  type HaveDevice,
  type HaveFdb,
  type HaveState,
  type HaveVtep,
  ownAddress,
  routeKey,
  type WantVtep,
} from './vtep-state.ts';

export type VxlanReads = Pick<Netlink, 'listLinks' | 'listFdb' | 'listNeighbours' | 'listRoutes' | 'listAddresses'>;

export async function observeVxlan(netlink: VxlanReads, wants: readonly WantVtep[]): Promise<HaveState> {
  const names = new Set(wants.map(({ name }) => name));
  const [links, routes, routes6] = await Promise.all([
    netlink.listLinks(),
    netlink.listRoutes({ ours: true }),
    netlink.listRoutes({ ours: true, family: 6 }).catch(withoutIpv6),
  ]);
  const devices: readonly HaveDevice[] = links.filter(({ kind, name }) => kind === 'vxlan' || names.has(name));
  const wanted = devices.filter(({ name }) => names.has(name));
  const vteps = await Promise.all(wanted.map((device) => observeVtep(netlink, device)));
  return {
    devices,
    vteps: new Map(vteps.map((vtep) => [vtep.device.name, vtep])),
    routes: new Map([...routes, ...routes6].filter(isOverlayRoute).map((one) => [routeKey(one.dst, one.metric), one])),
    sysctls: readSettings(wants),
  };
}

async function observeVtep(netlink: VxlanReads, device: HaveDevice): Promise<HaveVtep> {
  const [entries, neighbours, addresses] = await Promise.all([
    netlink.listFdb({ own: device.index }),
    netlink.listNeighbours(device.index),
    netlink.listAddresses(device.index),
  ]);
  const fdb = new Map<Mac, HaveFdb>();
  for (const { mac, dst, kind } of entries) if (dst !== undefined) fdb.set(mac, { dst, permanent: kind === 'static' });
  return {
    device,
    addressed: addresses.some(({ address }) => address === ownAddress),
    fdb,
    neighbours: new Map(neighbours.map(({ address, mac, permanent }) => [address, { mac, permanent }])),
  };
}

/** Corral's other routes have no next hop: containers' own, blocks' and the unreachable one. */
function isOverlayRoute({ via, type, protocol }: Route): boolean {
  return protocol === PROTO_CORRAL && via !== undefined && (type ?? 'unicast') === 'unicast';
}

function withoutIpv6(error: unknown): Route[] {
  if (hasCode(error, 'NETLINK_REFUSED')) return [];
  throw error;
}

function readSettings(wants: readonly WantVtep[]): Map<string, string> {
  const settings = new Map<string, string>();
  for (const path of wants.flatMap(({ sysctls, bridgeSysctls }) => [...sysctls.keys(), ...bridgeSysctls.keys()])) {
    const value = readSysctl(path);
    if (value !== undefined) settings.set(path, value);
  }
  return settings;
}
