// Pure: what has to be done so that the host has the wanted VXLAN devices, entries and routes. Nothing to do is an empty list.
import { networkOf, parseCidr } from '../../shared/model/ip.ts';
import { renderAddress, renderRange } from '../addresses.ts';
import type { Fault } from '../overlay-network.ts';
import { planDevice } from './plan-device.ts';
import { planAdds, planDrops } from './plan-entries.ts';
import type { DeviceStep, Step } from './steps.ts';
import { type HaveState, isOwnDevice, type routeKey, type WantVtep } from './vtep-state.ts';

export interface VxlanPlan {
  readonly steps: readonly Step[];
  readonly faults: readonly Fault[];
}

/**
 * @param complete false: only what is missing is added
 * @param isPart the wants are those of some peers: what is not wanted may well be others'
 */
export function planVxlan(wants: readonly WantVtep[], have: HaveState, complete: boolean, isPart = false): VxlanPlan {
  const mayDrop = complete && !isPart;
  const adds: Step[] = [];
  const drops: Step[] = [];
  const faults: Fault[] = [];
  for (const want of wants) {
    const device = planDevice(want, have.devices, complete);
    if (device.fault) {
      faults.push({ network: want.network, ...device.fault });
      continue;
    }
    const entries = planAdds(want, device.steps, have, complete);
    adds.push(...device.steps, ...planAddress(want, device.steps, have), ...planSysctls(want, have), ...entries);
    if (mayDrop) drops.push(...planDrops(want, device.steps, have));
  }
  if (!mayDrop) return { steps: adds, faults };
  return { steps: [...adds, ...planStaleRoutes(wants, have), ...drops, ...planStaleDevices(wants, have)], faults };
}

/** A device that is made, anew or not, has no address yet. */
function planAddress({ name }: WantVtep, steps: readonly DeviceStep[], have: HaveState): Step[] {
  const isMade = steps.some((step) => step.do === 'create');
  const isThere = !isMade && (have.vteps.get(name)?.addressed ?? true);
  return isThere ? [] : [{ do: 'address', device: name }];
}

/** A setting that this kernel does not have (no IPv6) is not wanted; those of a device to be made cannot be read yet. */
function planSysctls(want: WantVtep, have: HaveState): Step[] {
  const isThere = have.vteps.has(want.name);
  const differing = ([path, value]: readonly [string, string], mayBeNew: boolean): Step[] => {
    const actual = have.sysctls.get(path);
    const same = actual === undefined ? !mayBeNew : actual === value;
    return same ? [] : [{ do: 'sysctl', device: want.name, path, value }];
  };
  return [
    ...[...want.sysctls].flatMap((setting) => differing(setting, !isThere)),
    ...[...want.bridgeSysctls].flatMap((setting) => differing(setting, false)),
  ];
}

/** Routes of the overlay that no network wants. Removed before the neighbours and entries that they need. */
function planStaleRoutes(wants: readonly WantVtep[], have: HaveState): Step[] {
  const steps: Step[] = [];
  const names = new Map(have.devices.map(({ index, name }) => [index, name]));
  for (const key of have.routes.keys()) {
    if (wants.some(({ routes }) => routes.has(key))) continue;
    const { dst, metric, index } = have.routes.get(key)!;
    if (wants.some(({ held }) => held && isWithin(dst, held))) continue;
    steps.push({ do: 'drop-route', device: names.get(index ?? -1) ?? '', dst, metric });
  }
  return steps;
}

/** A tunnel of ours that no network wants any more; what leads through it goes with it. */
function planStaleDevices(wants: readonly WantVtep[], have: HaveState): Step[] {
  const wanted = new Set(wants.map(({ name }) => name));
  return have.devices
    .filter((device) => isOwnDevice(device) && !wanted.has(device.name))
    .map(({ name, index }) => ({ do: 'drop-device', device: name, index }));
}

function isWithin(part: Parameters<typeof routeKey>[0], whole: Parameters<typeof routeKey>[0]): boolean {
  const outer = parseCidr(renderRange(whole));
  const inner = parseCidr(`${renderAddress(part.base)}/${part.prefix}`);
  if (!outer || !inner || typeof outer.base !== typeof inner.base || inner.prefix < outer.prefix) return false;
  return networkOf(inner.base, outer.prefix) === outer.base;
}
