// Pure: forwarding entries, neighbours and routes of one device. A route is added when what it needs is there, and its
// neighbour and entry are removed after it.
import type { Route } from '../../shared/effects/netlink.ts';
import type { DeviceStep, EntryStep } from './steps.ts';
import type { HaveState, HaveVtep, WantRoute, WantVtep } from './vtep-state.ts';

export interface EntriesPlan {
  readonly adds: readonly EntryStep[];
  /** Behind the removal of routes. */
  readonly drops: readonly EntryStep[];
}

/** @param steps what is done to the device before: a new one has no entries, and a new MAC makes it forget its neighbours */
export function planEntries(
  want: WantVtep,
  steps: readonly DeviceStep[],
  state: HaveState,
  complete: boolean,
): EntriesPlan {
  const isNew = steps.some((step) => step.do === 'create');
  const forgets = isNew || steps.some((step) => step.do === 'alter' && step.changes.mac !== undefined);
  const vtep = state.vteps.get(want.name);
  const fdb: HaveVtep['fdb'] = isNew ? new Map() : (vtep?.fdb ?? new Map());
  const neighbours: HaveVtep['neighbours'] = forgets ? new Map() : (vtep?.neighbours ?? new Map());
  const adds: EntryStep[] = [];
  const device = want.name;
  for (const [mac, dst] of want.fdb) {
    const have = fdb.get(mac);
    if (have?.dst === dst && have.permanent) continue;
    if (!have || complete) adds.push({ do: 'fdb', device, mac, dst });
  }
  for (const [address, mac] of want.neighbours) {
    const have = neighbours.get(address);
    if (have?.mac === mac && have.permanent) continue;
    if (!have || complete) adds.push({ do: 'neighbour', device, address, mac });
  }
  const index = isNew ? undefined : vtep?.device.index;
  for (const [key, route] of want.routes) {
    const have = state.routes.get(key);
    if (have && isSame(route, have, index)) continue;
    // With an old device its routes went too.
    if (!have || complete || (isNew && have.index === vtep?.device.index)) adds.push({ do: 'route', device, route });
  }
  const drops: EntryStep[] = [];
  if (!complete) return { adds, drops };
  for (const address of neighbours.keys()) {
    if (!want.neighbours.has(address)) drops.push({ do: 'drop-neighbour', device, address });
  }
  for (const [mac, { dst }] of fdb) if (!want.fdb.has(mac)) drops.push({ do: 'drop-fdb', device, mac, dst });
  return { adds, drops };
}

function isSame(want: WantRoute, have: Route, vtep: number | undefined): boolean {
  const index = want.direct ?? vtep;
  return (
    index !== undefined &&
    have.index === index &&
    have.via === want.via &&
    have.src === want.src &&
    have.mtu === want.mtu &&
    (have.onlink ?? false) === (want.direct === undefined)
  );
}
