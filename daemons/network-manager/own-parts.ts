// Pure: whether two snapshots say the same of this host. Beside a thousand others, hosts and their blocks come and go all the
// time, and what is kept here follows from this host's own record and blocks.
import type { Snapshot } from '../shared/model/snapshot.ts';

export function hasSameHost(before: Snapshot, after: Snapshot): boolean {
  const { hostId } = after;
  return before.hostId === hostId && before.get('host', hostId) === after.get('host', hostId);
}

/** A block that changes hands concerns both. */
export function hasSameBlocks(before: Snapshot, after: Snapshot): boolean {
  const { hostId } = after;
  if (before.hostId !== hostId) return false;
  const [was, is] = [before.table('block'), after.table('block')];
  if (was === is) return true;
  for (const id of is.keysUnlike(was)) {
    if (was.get(id)?.hostId === hostId || is.get(id)?.hostId === hostId) return false;
  }
  return true;
}
