// Pure: which containers can be reached, and which of several with one name or address goes first.
import type { Ip } from '../shared/model/ip.ts';
import type { ContainerObject, Key, SnapshotObject } from '../shared/model/objects.ts';
import { type Change, type Snapshot, splitKey } from '../shared/model/snapshot.ts';
import { isRunning, ownAddressesOf } from './derive-names.ts';

/** The hosts that a change tells of. */
export function hostsOf(change: Change): string[] {
  const put = change.put.filter(({ kind }) => kind === 'host').map(({ id }) => id);
  const dropped = change.drop.map(splitKey).filter(({ kind }) => kind === 'host');
  return [...put, ...dropped.map(({ id }) => id)];
}

/** True for another host whose lease in the cluster's store has ended; of our own host we know better. */
export function isGone(hostId: string, snapshot: Snapshot | undefined): boolean {
  return hostId !== snapshot?.hostId && snapshot?.get('host', hostId)?.alive === false;
}

/** False for a container of such a host. */
export function isReachable(object: SnapshotObject, snapshot: Snapshot | undefined): boolean {
  return object.kind !== 'container' || !isGone(object.hostId, snapshot);
}

/** What runs first, of that what is local, of that what is newest. */
export function inOrder(containers: ContainerObject[], local: string | undefined): ContainerObject[] {
  const rank = (one: ContainerObject): number => (isRunning(one) ? 2 : 0) + (one.hostId === local ? 1 : 0);
  const byId = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  return containers.sort((a, b) => rank(b) - rank(a) || b.createdAt - a.createdAt || byId(a.id, b.id));
}

/** Those of a claim by a container that has some of its own: made anew at each lookup, which is quicker than to keep them. */
export function addressesOfPlain(claim: Key, snapshot: Snapshot | undefined): Ip[] {
  const { kind, id } = splitKey(claim);
  const container = kind === 'container' ? snapshot?.get(kind, id) : undefined;
  return container ? ownAddressesOf(container) : [];
}
