// Reads what the WireGuard driver compares: devices, peers, routes, settings. Writes nothing.
import type { Wireguard, WireguardDevice } from '../../shared/effects/netlink/wireguard.ts';
import type { Netlink, Route } from '../../shared/effects/netlink.ts';
import { readSysctl } from '../../shared/effects/sysctl.ts';
import { hasCode } from '../../shared/model/errors.ts';
import { type HaveState, isOwnTunnel, type WantTunnel } from './tunnel-state.ts';

export type TunnelReads = Pick<Netlink, 'listLinks' | 'listRoutes'>;

/** @param now wall time, ms: the kernel tells handshakes by it */
export async function observeTunnels(
  netlink: TunnelReads,
  wireguard: Pick<Wireguard, 'getDevice'>,
  wants: readonly WantTunnel[],
  now: number,
): Promise<HaveState> {
  const names = new Set(wants.map(({ name }) => name));
  const links = (await netlink.listLinks()).filter(({ kind, name }) => kind === 'wireguard' || names.has(name));
  if (wants.length === 0) return { links, devices: new Map(), routes: [], sysctls: new Map(), now };
  const [routes, routes6] = await Promise.all([
    netlink.listRoutes({ ours: true }),
    netlink.listRoutes({ ours: true, family: 6 }).catch(withoutIpv6),
  ]);
  const devices = new Map<string, WireguardDevice>();
  for (const link of links) {
    if (!names.has(link.name) || !isOwnTunnel(link)) continue;
    const device = await wireguard.getDevice(link.name);
    if (device) devices.set(link.name, device);
  }
  return { links, devices, routes: [...routes, ...routes6], sysctls: readSettings(wants), now };
}

function withoutIpv6(error: unknown): Route[] {
  if (hasCode(error, 'NETLINK_REFUSED')) return [];
  throw error;
}

function readSettings(wants: readonly WantTunnel[]): Map<string, string> {
  const settings = new Map<string, string>();
  for (const path of wants.flatMap(({ sysctls, bridgeSysctls }) => [...sysctls.keys(), ...bridgeSysctls.keys()])) {
    const value = readSysctl(path);
    if (value !== undefined) settings.set(path, value);
  }
  return settings;
}
