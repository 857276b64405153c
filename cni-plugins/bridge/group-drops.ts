// Deletions of links that wait together become one. The kernel takes 17 to 25 ms to delete a pair, most of it waiting for
// other processors, and as long for a hundred pairs that share a group. So while one deletion is under way, the next ones
// gather; then they get a random group that nobody uses, a listing has to prove that the group holds them and nothing
// else, and one request deletes the group.
import type { Link, LinkRef, Netlink } from '../../daemons/shared/effects/netlink.ts';
import { hasCode } from '../../daemons/shared/model/errors.ts';

export type GroupKernel = Pick<Netlink, 'listLinks' | 'setLink' | 'dropLink' | 'dropLinkGroup'>;

/** Wide enough that no group of someone else's is met; 0 is every device's own. */
const groups = { first: 2 ** 28, end: 2 ** 31 } as const;
/** What the queue of deletions and the kernel's answer to a listing are made for. */
const largestGroup = 512;

interface Waiting {
  readonly index: number;
  readonly done: (existed: boolean) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * `dropLink` of the same meaning, gathering. Only for links whose ownership was just proven: a name is deleted at once,
 * an index may go with a group.
 * @param isOurs a second look at each member of a group before it is deleted
 */
export function gatheringDrops(kernel: GroupKernel, isOurs: (link: Link) => boolean): Netlink['dropLink'] {
  const queue: Waiting[] = [];
  let busy = false;
  const work = async (): Promise<void> => {
    busy = true;
    while (queue.length > 0) await dropTogether(kernel, queue.splice(0, largestGroup), isOurs);
    busy = false;
  };
  return (ref: LinkRef): Promise<boolean> => {
    if (typeof ref === 'string') return kernel.dropLink(ref);
    return new Promise((done, failed) => {
      queue.push({ index: ref, done, failed });
      if (!busy) void work();
    });
  };
}

async function dropTogether(
  kernel: GroupKernel,
  batch: readonly Waiting[],
  isOurs: (l: Link) => boolean,
): Promise<void> {
  const indexes = new Set(batch.map(({ index }) => index));
  const gone = indexes.size > 1 ? await dropAsGroup(kernel, indexes, isOurs).catch(() => undefined) : undefined;
  for (const { index, done, failed } of batch) {
    if (gone?.has(index)) done(true);
    else await kernel.dropLink(index).then(done, failed);
  }
}

/** The indexes that were deleted; undefined if the group turned out to hold something else, which is left alone. */
async function dropAsGroup(
  kernel: GroupKernel,
  indexes: ReadonlySet<number>,
  isOurs: (link: Link) => boolean,
): Promise<ReadonlySet<number> | undefined> {
  const group = groups.first + Math.floor(Math.random() * (groups.end - groups.first));
  await Promise.all([...indexes].map((index) => kernel.setLink(index, { group }).catch(ignoreAbsence)));
  const members = (await kernel.listLinks()).filter((link) => link.group === group);
  const strangers = members.filter((link) => !indexes.has(link.index) || !isOurs(link));
  if (strangers.length > 0) {
    // One of an index that we set was made of a device that is not ours: it goes back to where every device starts.
    const ownFault = strangers.filter((link) => indexes.has(link.index));
    await Promise.all(ownFault.map((link) => kernel.setLink(link.index, { group: 0 }).catch(ignoreAbsence)));
    return undefined;
  }
  if (members.length > 0) await kernel.dropLinkGroup(group);
  return new Set(members.map((link) => link.index));
}

function ignoreAbsence(error: unknown): void {
  if (!hasCode(error, 'NETLINK_NO_SUCH_DEVICE')) throw error;
}
