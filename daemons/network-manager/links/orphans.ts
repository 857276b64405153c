// Pure: which of our links on the host belong to nobody any more. A wrong answer cuts a container off, so the answer is slow
// and timid: seen twice, two minutes old, no lease, unknown to every engine, few at a time.
import { aliasPrefix } from '../../../cni-plugins/bridge/names.ts';
import type { Lease } from '../../../cni-plugins/ipam/lease.ts';
import type { Link } from '../../shared/effects/netlink.ts';

export type SeenLink = Pick<Link, 'index' | 'name' | 'kind' | 'alias'>;

export const usualAgeMs = 120_000;
const maxAtOnce = 5;
const maxShare = 0.2;

export interface Unleased {
  /** Our links that no lease names, and when each was first seen; monotonic milliseconds. */
  readonly since: ReadonlyMap<string, number>;
  /** Those of them that are old enough. */
  readonly old: readonly SeenLink[];
  /** No more than so many may go at once. */
  readonly most: number;
}

/**
 * @param before the `since` of the last look
 * @param minAgeMs how long a link has to be without a lease
 */
export function findUnleased(
  links: readonly SeenLink[],
  leases: readonly Lease[],
  before: ReadonlyMap<string, number>,
  now: number,
  minAgeMs = usualAgeMs,
): Unleased {
  const ours = links.filter(isContainerLink);
  const leased = new Set(leases.flatMap(({ hostVeth }) => hostVeth ?? []));
  const unleased = ours.filter(({ name }) => !leased.has(name));
  const since = new Map(unleased.map((link) => [keyOf(link), before.get(keyOf(link)) ?? now]));
  const old = unleased.filter((link) => before.has(keyOf(link)) && now - (since.get(keyOf(link)) ?? now) >= minAgeMs);
  const most = Math.min(maxAtOnce, Math.max(1, Math.floor(ours.length * maxShare)));
  return { since, old, most };
}

/**
 * @param running ids of each engine's containers, a list an engine; undefined if one of them did not answer. Engines that list
 * nothing while links exist are more likely wrong than empty.
 */
export function chooseOrphans(
  old: readonly SeenLink[],
  running: readonly (readonly string[])[] | undefined,
): readonly SeenLink[] {
  if (!running) return [];
  const ids = new Set(running.flat());
  if (running.length > 0 && ids.size === 0) return [];
  return old.filter((link) => !ids.has(containerOf(link)));
}

/** By name and by alias: other programs use the prefix too, and a bridge of ours has an alias of two parts. */
function isContainerLink({ name, kind, alias }: SeenLink): boolean {
  return (
    kind === 'veth' &&
    name.startsWith('vethr') &&
    alias?.startsWith(aliasPrefix) === true &&
    alias.split(':').length === 4
  );
}

function containerOf({ alias = '' }: SeenLink): string {
  return alias.split(':')[2] ?? '';
}

function keyOf({ index, alias }: SeenLink): string {
  return `${index} ${alias}`;
}
