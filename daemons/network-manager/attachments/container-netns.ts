// A container's namespace, opened by the pid that the engine told, and proven to be the container's: between the engine's
// answer and the opening the pid may have passed to another process, even to one of the host.
import type { DockerContainer } from '../../shared/effects/docker.ts';
import { readTextIfPresent } from '../../shared/effects/files.ts';
import { isHomeNetns, type Netns, openNetns } from '../../shared/effects/netns.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import { netnsPathOf } from './describe.ts';

/** Asks the engine once more. */
export type AskAgain = (id: string) => Promise<DockerContainer | undefined>;

/** The number of the namespace at a path; undefined if there is none. */
export function inodeAt(path: string): number | undefined {
  try {
    const netns = openNetns(path);
    netns.close();
    return netns.inode;
  } catch {
    return undefined;
  }
}

/**
 * @throws SuiteError NETNS_GONE if the container has ended meanwhile, NETNS_IS_HOST if the namespace is the host's own.
 */
export async function openContainerNetns(container: DockerContainer, askAgain: AskAgain): Promise<Netns> {
  const netns = openNetns(netnsPathOf(container.pid));
  try {
    if (isHomeNetns(netns)) {
      throw new SuiteError('NETNS_IS_HOST', `attach ${container.name}: its namespace is the host's own`);
    }
    if (!(await isStillIts(container, askAgain))) {
      throw new SuiteError('NETNS_GONE', `attach ${container.name}: process ${container.pid} is no longer its`);
    }
    return netns;
  } catch (error) {
    netns.close();
    throw error;
  }
}

/** Engines name a container's cgroup after its id; where they do not, a second answer with the same pid and start proves it. */
async function isStillIts(container: DockerContainer, askAgain: AskAgain): Promise<boolean> {
  const cgroups = readTextIfPresent(`/proc/${container.pid}/cgroup`);
  if (cgroups?.includes(container.id)) return true;
  const now = await askAgain(container.id);
  return now?.running === true && now.pid === container.pid && now.startedAt === container.startedAt;
}
