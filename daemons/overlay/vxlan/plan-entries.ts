// Pure: forwarding entries, neighbours and routes of one device. A route is added when what it needs is there, and its
// neighbour and entry are removed after it.
import type { Route } from '../../shared/effects/netlink.ts';
import type { DeviceStep, EntryStep } from './steps.ts';
import type { HaveState, HaveVtep, WantRoute, WantVtep } from './vtep-state.ts';

/** What is left of a device's entries once the steps are done: a new one has none, and a new MAC makes it forget its neighbours. */
type Left = Pick<HaveVtep, 'fdb' | 'neighbours'>;

function leftOf({ name }: WantVtep, steps: readonly DeviceStep[], state: HaveState): Left {
  const isNew = steps.some((step) => step.do === 'create');
  const forgets = isNew || steps.some((step) => step.do === 'alter' && step.changes.mac !== undefined);
  const vtep = state.vteps.get(name);
  return {
    fdb: isNew || !vtep ? new Map() : vtep.fdb,
    neighbours: forgets || !vtep ? new Map() : vtep.neighbours,
  };
}

/** @param steps what is done to the device before */
export function planAdds(
  want: WantVtep,
  steps: readonly DeviceStep[],
  state: HaveState,
  complete: boolean,
): EntryStep[] {
  const { fdb, neighbours } = leftOf(want, steps, state);
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
  const isNew = steps.some((step) => step.do === 'create');
  const vtep = state.vteps.get(want.name);
  const index = isNew ? undefined : vtep?.device.index;
  for (const [key, route] of want.routes) {
    const have = state.routes.get(key);
    if (have && isSame(route, have, index)) continue;
    // With an old device its routes went too.
    if (!have || complete || (isNew && have.index === vtep?.device.index)) adds.push({ do: 'route', device, route });
  }
  return adds;
}

/** Entries that are not wanted; to be removed behind the routes that need them. */
export function planDrops(want: WantVtep, steps: readonly DeviceStep[], state: HaveState): EntryStep[] {
  const { fdb, neighbours } = leftOf(want, steps, state);
  const drops: EntryStep[] = [];
  const device = want.name;
  for (const address of neighbours.keys()) {
    if (!want.neighbours.has(address)) drops.push({ do: 'drop-neighbour', device, address });
  }
  for (const [mac, { dst }] of fdb) if (!want.fdb.has(mac)) drops.push({ do: 'drop-fdb', device, mac, dst });
  return drops;
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
