// Whose other ends are in namespaces in which somebody lives. Asked only before an orphan is removed, since it looks at every
// process.
import { readdirSync, readFileSync } from 'node:fs';
import { openNetlink } from '../../shared/effects/netlink.ts';
import { isHomeNetns, type Netns, openNetns } from '../../shared/effects/netns.ts';

/** Indices of the host's links whose other end lives; undefined when a namespace could not be asked: then nobody knows. */
export async function findLivingPeers(): Promise<ReadonlySet<number> | undefined> {
  const seen = new Set<number>();
  const living = new Set<number>();
  for (const path of namespacePaths()) {
    try {
      const netns = openNetns(path);
      try {
        if (isHomeNetns(netns) || seen.has(netns.inode)) continue;
        seen.add(netns.inode);
        for (const index of await peersIn(netns)) living.add(index);
      } finally {
        netns.close();
      }
    } catch {
      // The process has ended meanwhile; a namespace that refuses is not proof of anything.
      if (isThere(path)) return undefined;
    }
  }
  return living;
}

/** Seen from there, our end has our index. */
async function peersIn(netns: Netns): Promise<number[]> {
  const inside = openNetlink(netns);
  try {
    const links = await inside.listLinks();
    return links.flatMap(({ kind, peerIndex }) => (kind === 'veth' && peerIndex !== undefined ? [peerIndex] : []));
  } finally {
    inside.close();
  }
}

function namespacePaths(): string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return [...pids.map((pid) => `/proc/${pid}/ns/net`), ...mountedNamespaces()];
}

/** Those that a file keeps alive: of `ip netns` and of engines. */
function mountedNamespaces(): string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return lines.flatMap((line) => {
    const fields = line.split(' ');
    return line.includes(' - nsfs ') && fields[3]?.startsWith('net:') && fields[4] ? [fields[4]] : [];
  });
}

function isThere(path: string): boolean {
  try {
    openNetns(path).close();
    return true;
  } catch {
    return false;
  }
}
