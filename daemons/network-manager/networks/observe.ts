// Reads what the networks keeper compares: devices, addresses, routes, settings, files. Writes nothing.
import { listFiles, readTextIfPresent } from '../../shared/effects/files.ts';
import { type Ip as KernelIp, type Netlink, PROTO_CORRAL, type Route } from '../../shared/effects/netlink.ts';
import { readSysctl } from '../../shared/effects/sysctl.ts';
import { acceptPath, forwarding6Path, forwardingPath } from '../../shared/model/host-settings.ts';
import { type Ip, parseIp } from '../../shared/model/ip.ts';
import type { Paths } from '../../shared/model/paths.ts';
import type { HostLinks } from '../host-links.ts';
import type { HaveAddress, HaveRoute, HostState } from './host-state.ts';
import { networkSysctls } from './network-sysctls.ts';
import { uplinks6 } from './plan-forwarding.ts';
import { conflistPath } from './want-files.ts';
import type { WantNetwork } from './want-networks.ts';

export interface HostReads {
  readonly netlink: Pick<Netlink, 'listAddresses' | 'listRoutes'>;
  readonly links: Pick<HostLinks, 'list'>;
}

/** @param networks those whose settings are of interest */
export async function observeHost(
  { netlink, links: known }: HostReads,
  paths: Pick<Paths, 'blocks' | 'cniConf'>,
  networks: readonly WantNetwork[],
): Promise<HostState> {
  // Else nothing of it is wanted, and nothing of ours was left.
  const withIpv6 = networks.some(({ six }) => six) || readSysctl(forwarding6Path) === '1';
  const [links, addresses, routes, routes6] = await Promise.all([
    known.list(),
    netlink.listAddresses(),
    netlink.listRoutes(),
    withIpv6 ? netlink.listRoutes({ family: 6 }) : [],
  ]);
  const all = [...routes, ...routes6].flatMap((route) => parseRoute(route) ?? []);
  return {
    links,
    addresses: addresses.flatMap(parseAddress),
    routes: all,
    sysctls: readSettings(networks, withIpv6 ? uplinks6(all, links) : []),
    files: readFiles(paths),
  };
}

function parseAddress({ index, address, prefix }: { index: number; address: KernelIp; prefix: number }): HaveAddress[] {
  const ip = toIp(address);
  return ip === undefined ? [] : [{ index, address: ip, prefix }];
}

function parseRoute(route: Route): HaveRoute | undefined {
  const base = toIp(route.dst.base);
  if (base === undefined) return undefined;
  return {
    dst: { base, prefix: route.dst.prefix },
    type: route.type ?? 'unicast',
    index: route.index,
    metric: route.metric ?? 0,
    hasGateway: route.via !== undefined,
    own: route.protocol === PROTO_CORRAL,
  };
}

function toIp(address: KernelIp): Ip | undefined {
  return typeof address === 'number' ? address : parseIp(address);
}

function readSettings(networks: readonly WantNetwork[], uplinks: readonly string[]): Map<string, string> {
  const settings = new Map<string, string>();
  const paths = [forwardingPath, forwarding6Path, ...uplinks.map(acceptPath)];
  for (const path of [...paths, ...networks.flatMap((network) => [...networkSysctls(network).keys()])]) {
    const value = readSysctl(path);
    if (value !== undefined) settings.set(path, value);
  }
  return settings;
}

function readFiles(paths: Pick<Paths, 'blocks' | 'cniConf'>): Map<string, string> {
  const blocks = listFiles(paths.blocks).map((name) => `${paths.blocks}/${name}`);
  // `managed.d` is a link to the default network's folder: its files are seen there.
  const folders = listFiles(paths.cniConf).filter((name) => name.endsWith('.d') && name !== 'managed.d');
  const conflists = folders.map((name) => conflistPath(paths, name.slice(0, -2)));
  const files = new Map<string, string>();
  for (const path of [...blocks.filter((path) => path.endsWith('.json')), ...conflists]) {
    const text = readTextIfPresent(path);
    if (text !== undefined) files.set(path, text);
  }
  return files;
}
