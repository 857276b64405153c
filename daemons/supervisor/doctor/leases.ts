// Leases of this host's attachments, as far as a check needs them. The files are only read: a damaged one is left where it is, since
// network-manager sets it aside.
import { existsSync } from 'node:fs';
import { listFiles, readText } from '../../shared/effects/files.ts';

export interface SeenLease {
  readonly network: string;
  readonly containerId: string;
  readonly name: string;
  readonly ip: string;
  readonly hostVeth: string | null;
  readonly netnsPath: string;
  readonly isThere: boolean;
}

const maxLeaseBytes = 4 << 20;

export function readLeases(folder: string): SeenLease[] {
  return listFiles(folder).flatMap((network) => {
    const below = `${folder}/${network}/attachments`;
    return listFiles(below)
      .filter((name) => name.endsWith('.json'))
      .flatMap((name) => readLease(network, `${below}/${name}`));
  });
}

function readLease(network: string, path: string): SeenLease[] {
  try {
    const { phase, containerId, addresses, hostVeth, netnsPath, attachment } = JSON.parse(
      readText(path, maxLeaseBytes),
    );
    if (phase !== 'done' || typeof netnsPath !== 'string') return [];
    const ip = String(addresses?.[0] ?? '').split('/')[0]!;
    const name = String(attachment?.name ?? containerId);
    const isThere = existsSync(netnsPath);
    return [{ network, containerId: String(containerId), name, ip, hostVeth: hostVeth ?? null, netnsPath, isThere }];
  } catch {
    return []; // being written, being removed, or damaged
  }
}
