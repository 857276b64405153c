// Reads what the networks keeper compares: devices, addresses, routes, settings, files. Writes nothing.
import { listFiles, readTextIfPresent } from '../../shared/effects/files.ts';
import { type Netlink, PROTO_CORRAL, type Route } from '../../shared/effects/netlink.ts';
import { readSysctl } from '../../shared/effects/sysctl.ts';
import type { Ipv4 } from '../../shared/model/ipv4.ts';
import type { Paths } from '../../shared/model/paths.ts';
import type { HostLinks } from '../host-links.ts';
import type { HaveAddress, HaveRoute, HostState } from './host-state.ts';
import { forwardingPath } from './plan-drops.ts';
import { bridgeSysctls } from './plan-network.ts';
import { conflistPath } from './want-files.ts';

export interface HostReads {
  readonly netlink: Pick<Netlink, 'listAddresses' | 'listRoutes'>;
  readonly links: Pick<HostLinks, 'list'>;
}

/** @param bridges names whose settings are of interest */
export async function observeHost(
  { netlink, links: known }: HostReads,
  paths: Pick<Paths, 'blocks' | 'cniConf'>,
  bridges: readonly string[],
): Promise<HostState> {
  const [links, addresses, routes] = await Promise.all([known.list(), netlink.listAddresses(), netlink.listRoutes()]);
  return {
    links,
    addresses: addresses.filter((one): one is HaveAddress => typeof one.address === 'number'),
    routes: routes.flatMap((route) => parseRoute(route) ?? []),
    sysctls: readSettings(bridges),
    files: readFiles(paths),
  };
}

function parseRoute(route: Route): HaveRoute | undefined {
  const { base, prefix } = route.dst;
  if (typeof base !== 'number') return undefined;
  return {
    dst: { base: base as Ipv4, prefix },
    type: route.type ?? 'unicast',
    index: route.index,
    metric: route.metric ?? 0,
    hasGateway: route.via !== undefined,
    own: route.protocol === PROTO_CORRAL,
  };
}

function readSettings(bridges: readonly string[]): Map<string, string> {
  const settings = new Map<string, string>();
  for (const path of [forwardingPath, ...bridges.flatMap((bridge) => [...bridgeSysctls(bridge).keys()])]) {
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
