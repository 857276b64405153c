// Pure: what one VXLAN device lacks. What the kernel can change is changed; for the rest the device is made anew.
import type { Ip } from '../../shared/effects/netlink.ts';
import type { Fault } from '../overlay-network.ts';
import type { DeviceChanges, DeviceStep } from './steps.ts';
import { type HaveDevice, isOwnDevice, type WantVtep } from './vtep-state.ts';

export interface DevicePlan {
  readonly steps: readonly DeviceStep[];
  /** The device cannot be made; its network waits. */
  readonly fault?: Pick<Fault, 'code' | 'text'>;
}

export function planDevice(want: WantVtep, devices: readonly HaveDevice[], complete: boolean): DevicePlan {
  const have = devices.find(({ name }) => name === want.name);
  const rival = devices.find((other) => other.name !== want.name && isRival(other, want));
  if (rival) {
    const text = `device ${rival.name} has VNI ${want.vni} and port ${want.port}; remove it or configure another vni`;
    return { steps: [], fault: { code: 'VNI_TAKEN', text } };
  }
  if (!have) return { steps: [{ do: 'create', device: want.name, want, instead: undefined }] };
  if (!isOwnDevice(have) && !(have.kind === 'vxlan' && have.vxlan?.vni === want.vni)) {
    const text = `${want.name} is a device of kind ${have.kind ?? 'hardware'}; rename it`;
    return { steps: [], fault: { code: 'VNI_TAKEN', text } };
  }
  if (isUnchangeable(want, have)) {
    // To make it anew cuts the traffic for a moment, which a doubtful word is not worth.
    return { steps: complete ? [{ do: 'create', device: want.name, want, instead: have.index }] : [] };
  }
  return { steps: [...planTuning(want, have), ...planChanges(want, have)] };
}

/** One address family may have a tunnel of the VNI beside another's; here it would take our packets all the same. */
function isRival({ vxlan }: HaveDevice, { vni, port, family }: WantVtep): boolean {
  return vxlan?.vni === vni && vxlan.port === port && familyOf(vxlan.local) === family;
}

function isUnchangeable(want: WantVtep, { vxlan }: HaveDevice): boolean {
  if (!vxlan) return true;
  return (
    vxlan.vni !== want.vni ||
    vxlan.port !== want.port ||
    vxlan.special ||
    vxlan.link !== undefined ||
    familyOf(vxlan.local) !== want.family
  );
}

function planTuning({ name, local }: WantVtep, { index, vxlan }: HaveDevice): DeviceStep[] {
  const changes = {
    ...(local !== undefined && vxlan?.local !== local ? { local } : {}),
    ...(vxlan?.learning ? { learning: false as const } : {}),
  };
  return Object.keys(changes).length === 0 ? [] : [{ do: 'retune', device: name, index, changes }];
}

function planChanges(want: WantVtep, have: HaveDevice): DeviceStep[] {
  const changes: DeviceChanges = {
    ...(have.mac === want.mac ? {} : { mac: want.mac }),
    ...(have.mtu === want.mtu ? {} : { mtu: want.mtu }),
    ...(have.master === undefined ? {} : { master: 0 }),
    ...(have.alias === want.alias ? {} : { alias: want.alias }),
    ...(have.up ? {} : { up: true }),
  };
  return Object.keys(changes).length === 0 ? [] : [{ do: 'alter', device: want.name, index: have.index, changes }];
}

/** A device without a local address was made for IPv4, unless it says otherwise. */
function familyOf(local: Ip | undefined): 4 | 6 {
  return typeof local === 'string' ? 6 : 4;
}
