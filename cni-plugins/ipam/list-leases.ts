// Every lease of a host, as network-manager reads them at its start and after a change below `<leases>`.
import { readdirSync } from 'node:fs';
import { errnoOf } from '../../daemons/shared/effects/files.ts';
import { parseIp } from '../../daemons/shared/model/ip.ts';
import { isNetworkName } from '../../daemons/shared/model/networks.ts';
import type { Paths } from '../../daemons/shared/model/paths.ts';
import { type Lease, leaseIps } from './lease.ts';
import { LeaseFiles } from './lease-files.ts';

export interface LeaseList {
  /** In order of their creation. Those in phase `reserved` are being made, or were left by a killed ADD. */
  readonly leases: readonly Lease[];
  /** `<network>/<file>` of files that are no leases; they were moved to `<network>/damaged/`. */
  readonly damaged: readonly string[];
}

export function listLeases(paths: Pick<Paths, 'leases'>): LeaseList {
  const leases: Lease[] = [];
  const damaged: string[] = [];
  for (const network of foldersOf(paths.leases)) {
    if (!isNetworkName(network)) continue;
    const files = new LeaseFiles(paths.leases, network);
    const names = files.names();
    const found = names.map((name) => ({ name, lease: files.readFile(name) }));
    for (const { name, lease } of found) if (!lease && files.isAsideOf(name)) damaged.push(`${network}/${name}`);
    const read = found.map(({ lease }) => lease).filter((lease) => lease !== undefined);
    leases.push(...held(read, files));
  }
  return { leases: leases.sort((a, b) => a.createdAt - b.createdAt), damaged };
}

/** The directories whose changes mean that leases were written or removed: one a network, and their parent. */
export function leaseFolders(paths: Pick<Paths, 'leases'>): string[] {
  return [paths.leases, ...foldersOf(paths.leases).map((network) => `${paths.leases}/${network}/attachments`)];
}

/** Without those whose address is free or another's: what a DEL that was killed half-way leaves. */
function held(leases: readonly Lease[], files: LeaseFiles): Lease[] {
  const claimed = files.claimed();
  const counts = new Map<string, number>();
  for (const ip of leases.flatMap(leaseIps)) counts.set(ip, (counts.get(ip) ?? 0) + 1);
  const isHeld = (lease: Lease, ip: string): boolean => {
    const address = parseIp(ip);
    if (address === undefined || !claimed.has(address)) return false;
    if (counts.get(ip) === 1) return true;
    const owner = files.ownerOf(ip);
    return owner?.containerId === lease.containerId && owner.ifname === lease.ifname;
  };
  return leases.filter((lease) => leaseIps(lease).every((ip) => isHeld(lease, ip)));
}

function foldersOf(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}
