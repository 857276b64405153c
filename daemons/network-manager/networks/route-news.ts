// Pure: whether a notice of a route can change what the networks keeper finds. The overlay writes a route for each host that
// joins, and a look at all of them for each of these would find nothing.
import type { RouteNotice } from '../../shared/effects/netlink-watch.ts';

/**
 * The overlay's routes are Corral's with a next hop or through a tunnel (as `isStale` and `hostRoutes` take them). One that took
 * the place of another may have ended an overlap.
 *
 * @param notice undefined: of a kind that Corral never makes
 * @param tunnels indexes of the overlay's devices, as far as they are known
 */
export function mayConcern(notice: RouteNotice | undefined, tunnels: ReadonlySet<number>): boolean {
  if (!notice) return true;
  const { isMain, isOurs, replaces, type, via, index } = notice;
  if (!isMain) return false;
  const leadsToPeer = type === 'unicast' && (via !== undefined || (index !== undefined && tunnels.has(index)));
  return replaces || !isOurs || !leadsToPeer;
}
