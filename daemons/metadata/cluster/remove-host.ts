// Takes a host that is gone out of the store, with all that it holds there.
import { SuiteError } from '../../shared/model/errors.ts';
import { hostPrefix, renderKey } from './keys.ts';
import type { ClusterLink } from './link.ts';
import type { Mirror } from './mirror.ts';

const sliceKeys = 50;

/** Returns the host's blocks. Throws HOST_ALIVE if it holds a lease, BUSY if what it holds changes meanwhile. */
export async function removeHost(link: ClusterLink, mirror: Mirror, host: string, name: string): Promise<string[]> {
  const held = [...mirror.blocks.entries(), ...mirror.addresses.entries(), ...mirror.declared.entries()];
  const keys = held.flatMap(([key, { value, modified }]) => (value.hostId === host ? [{ key, modified }] : []));
  const blocks = [...mirror.blocks.values()].flatMap(({ value }) => (value.hostId === host ? [value.cidr] : []));
  const unleased = { key: renderKey({ at: 'alive', host }), created: 0 };
  const transact: (...what: Parameters<ClusterLink['transact']>) => Promise<void> = async (when, then) => {
    const { done, found } = await link.transact([unleased, ...when], then, [unleased.key]);
    if (done) return;
    if (found.length > 0) {
      throw new SuiteError('HOST_ALIVE', `remove ${name}: it is alive`, {
        hint: 'stop Corral there first; it would only come back',
      });
    }
    throw new SuiteError('BUSY', `remove ${name}: what it holds changes meanwhile`, { hint: 'try again' });
  };
  for (let at = 0; at < keys.length; at += sliceKeys) {
    const slice = keys.slice(at, at + sliceKeys);
    await transact(
      slice,
      slice.map(({ key }) => ({ drop: key })),
    );
  }
  await transact([], [{ dropBelow: hostPrefix(host) }]);
  return blocks;
}
