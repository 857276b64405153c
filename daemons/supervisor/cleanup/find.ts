// Looks for everything of Corral's on this host; works without any daemon, and writes nothing.
import { readlinkSync } from 'node:fs';
import type { Config } from '../../shared/daemon/config.ts';
import { listFiles, readTextIfPresent } from '../../shared/effects/files.ts';
import { openIptables } from '../../shared/effects/iptables.ts';
import { openIpsets } from '../../shared/effects/netlink/ipset.ts';
import { type Address, type Link, type Netlink, PROTO_CORRAL, type Route } from '../../shared/effects/netlink.ts';
import { readSysctl } from '../../shared/effects/sysctl.ts';
import { isOwnConflist } from '../../shared/model/conflist.ts';
import { hasCode } from '../../shared/model/errors.ts';
import { acceptPath } from '../../shared/model/host-settings.ts';
import type { Family } from '../../shared/model/ip.ts';
import { type Ipv4, renderIpv4 } from '../../shared/model/ipv4.ts';
import { serviceAddress6 } from '../../shared/model/networks.ts';
import { acceptRecord, forwardingRecord, type Paths } from '../../shared/model/paths.ts';
import { parseSave } from '../../shared/reconcile/iptables-save.ts';
import { type BlockFindings, describeBlocks, findBlocks } from './find-blocks.ts';
import { describeIpsec, findIpsec, type IpsecFindings } from './find-ipsec.ts';
import { findNameFiles, type NameFile } from './find-names.ts';
import { ownLinks, ownSets, planChainRemoval } from './plan-cleanup.ts';

const defaultLink = 'managed.d';

export interface ChainRemoval {
  readonly payload: string;
  readonly changed: readonly string[];
}

export interface Findings {
  readonly chains: Readonly<Record<4 | 6, ChainRemoval>>;
  /** Sets of peers' addresses, which rules look into. */
  readonly sets: readonly string[];
  readonly links: readonly Link[];
  readonly routes: readonly Route[];
  readonly addresses: readonly Address[];
  /** Files to remove; a folder that is empty then goes too. */
  readonly files: readonly string[];
  /** Folders to remove whole. */
  readonly folders: readonly string[];
  /** Families whose forwarding Corral switched on. */
  readonly forwarding: readonly Family[];
  /** Devices that Corral made listen to routers although the host forwards. */
  readonly accepting: readonly string[];
  /** Of running containers. */
  readonly names: readonly NameFile[];
  readonly ipsec: IpsecFindings;
  readonly blocks: BlockFindings;
}

/** @param config of the suite that was here */
export async function findAll(netlink: Netlink, paths: Paths, config: Config): Promise<Findings> {
  const nameservers = [config.metadata.address, serviceAddress6];
  const [links, routes, routes6, addresses] = await Promise.all([
    netlink.listLinks(),
    netlink.listRoutes(),
    netlink.listRoutes({ family: 6 }).catch(() => []), // a kernel without IPv6 has none
    netlink.listAddresses(),
  ]);
  const blocks = await findBlocks(netlink);
  const lo = links.find(({ name }) => name === 'lo')?.index;
  return {
    chains: { 4: await findChains(4), 6: await findChains(6) },
    sets: await findSets(),
    links: ownLinks(links),
    routes: [...routes, ...routes6].filter(({ protocol }) => protocol === PROTO_CORRAL),
    addresses: addresses.filter((one) => one.index === lo && nameservers.includes(textOf(one))),
    files: cniFiles(paths),
    folders: [paths.blocks, paths.leases].filter((path) => listFiles(path).length > 0),
    forwarding: ([4, 6] as const).filter((family) => readTextIfPresent(forwardingRecord(paths, family)) !== undefined),
    accepting: acceptingDevices(paths),
    ipsec: await findIpsec(paths, blocks.policies.length > 0),
    blocks,
    names: await findNameFiles(
      config.engines.map(({ socket }) => socket),
      { nameservers, zone: config.dns.zone },
    ),
  };
}

async function findChains(family: 4 | 6): Promise<ChainRemoval> {
  try {
    return planChainRemoval(parseSave(await openIptables(family).save()));
  } catch (error) {
    // A host without IPv6 may have no program for its rules, and none of ours either.
    if (family === 6 && hasCode(error, 'COMMAND_MISSING', 'COMMAND_FAILED')) return { payload: '', changed: [] };
    throw error;
  }
}

async function findSets(): Promise<string[]> {
  const sets = openIpsets();
  try {
    const found = await Promise.all(ownSets.map((name) => sets.has(name)));
    return ownSets.filter((_, at) => found[at]);
  } finally {
    sets.close();
  }
}

/** What is no device's name any more, or has another value meanwhile, is somebody else's affair. */
function acceptingDevices(paths: Paths): string[] {
  const devices = (readTextIfPresent(acceptRecord(paths)) ?? '').split('\n').filter((name) => /^[\w.:@-]+$/.test(name));
  return devices.filter((name) => readSysctl(acceptPath(name)) === '2');
}

/** Marked and listed configurations, and the link to the folder of one of them. */
function cniFiles(paths: Paths): string[] {
  const files = [...new Set([...ownConflists(paths), ...listedFiles(paths)])];
  const target = `${paths.cniConf}/${linkTarget(`${paths.cniConf}/${defaultLink}`)}`;
  const isOurs = files.some((path) => path.startsWith(`${target}/`));
  return isOurs ? [`${paths.cniConf}/${defaultLink}`, ...files] : files;
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined; // none, or no link
  }
}

/** The manifest of configurations that network-manager wrote, and the files in it. */
function listedFiles({ cniConf, state }: Paths): string[] {
  const manifest = `${state}/cni-files.json`;
  const text = readTextIfPresent(manifest);
  if (text === undefined) return [];
  const isOurs = (path: unknown): path is string =>
    typeof path === 'string' && path.startsWith(`${cniConf}/`) && !path.includes('/../');
  const files = filesIn(text).filter(isOurs);
  return [...files.filter((path) => readTextIfPresent(path) !== undefined), manifest];
}

function filesIn(manifest: string): unknown[] {
  try {
    const { files } = JSON.parse(manifest) as { files?: unknown };
    return Array.isArray(files) ? files : [];
  } catch {
    return []; // damaged: what carries the mark is found all the same
  }
}

function ownConflists({ cniConf }: Paths): string[] {
  return listFiles(cniConf)
    .filter((name) => name.endsWith('.d') && name !== defaultLink)
    .flatMap((folder) => listFiles(`${cniConf}/${folder}`).map((name) => `${cniConf}/${folder}/${name}`))
    .filter((path) => path.endsWith('.conflist') && isOwnConflist(readTextIfPresent(path) ?? ''));
}

/** One line for each thing. */
export function describeFindings(found: Findings): string[] {
  return [
    ...found.chains[4].changed.map((name) => `chain or jumps: ${name}`),
    ...found.chains[6].changed.map((name) => `chain or jumps: ${name} (IPv6)`),
    ...found.sets.map((name) => `set of addresses: ${name}`),
    ...found.links.map(({ name, kind }) => `device: ${name} (${kind})`),
    ...found.routes.map((route) => `route: ${describeRoute(route)}`),
    ...found.addresses.map(() => 'address of metadata and DNS on lo'),
    ...found.files.map((path) => `file: ${path}`),
    ...found.folders.map((path) => `folder: ${path}`),
    ...found.forwarding.map((family) => `forwarding of IPv${family} of the host, which Corral switched on`),
    ...found.accepting.map((device) => `accept_ra of ${device}, which Corral set to 2`),
    ...describeIpsec(found.ipsec),
    ...describeBlocks(found.blocks),
    ...found.names.map(({ container, path }) => `lines in ${path} of container ${container}`),
  ];
}

function describeRoute({ dst, type }: Route): string {
  const base = typeof dst.base === 'number' ? renderIpv4(dst.base as Ipv4) : dst.base;
  return `${type ?? 'unicast'} ${base}/${dst.prefix}`;
}

function textOf({ address }: Address): string {
  return typeof address === 'number' ? renderIpv4(address) : address;
}
