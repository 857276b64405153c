// Pure: what the VXLAN driver may do to the host, one closed union.
import type { Ip, IpRange } from '../../shared/effects/netlink.ts';
import type { Mac } from '../../shared/model/mac.ts';
import { renderAddress, renderRange } from '../addresses.ts';
import { ownAddress, type WantRoute, type WantVtep } from './vtep-state.ts';

export interface DeviceChanges {
  readonly up?: boolean;
  readonly mac?: Mac;
  readonly mtu?: number;
  readonly master?: 0;
  readonly alias?: string;
}

export type EntryStep =
  | { readonly do: 'fdb'; readonly device: string; readonly mac: Mac; readonly dst: Ip }
  | { readonly do: 'neighbour'; readonly device: string; readonly address: Ip; readonly mac: Mac }
  | { readonly do: 'route'; readonly device: string; readonly route: WantRoute }
  | { readonly do: 'drop-route'; readonly device: string; readonly dst: IpRange; readonly metric: number | undefined }
  | { readonly do: 'drop-neighbour'; readonly device: string; readonly address: Ip }
  | { readonly do: 'drop-fdb'; readonly device: string; readonly mac: Mac; readonly dst: Ip };

export type DeviceStep =
  /** `instead`: index of the device that has to go because the kernel cannot change it. */
  | { readonly do: 'create'; readonly device: string; readonly want: WantVtep; readonly instead: number | undefined }
  | { readonly do: 'alter'; readonly device: string; readonly index: number; readonly changes: DeviceChanges }
  | {
      readonly do: 'retune';
      readonly device: string;
      readonly index: number;
      readonly changes: { readonly local?: Ip; readonly learning?: false };
    }
  | { readonly do: 'address'; readonly device: string }
  | { readonly do: 'sysctl'; readonly device: string; readonly path: string; readonly value: string }
  | { readonly do: 'drop-device'; readonly device: string; readonly index: number };

export type Step = DeviceStep | EntryStep;

/** One line for logs and for `corral diff`. */
export function describeStep(step: Step): string {
  switch (step.do) {
    case 'create':
      return describeCreation(step.want, step.instead !== undefined);
    case 'alter':
      return `change device ${step.device}: ${describeChanges(step.changes)}`;
    case 'retune':
      return `change tunnel ${step.device}: ${describeTuning(step.changes)}`;
    case 'address':
      return `give ${step.device} the address ${renderAddress(ownAddress)}`;
    case 'sysctl':
      return `set ${step.path} to ${step.value}`;
    case 'fdb':
      return `forward ${step.mac} on ${step.device} to ${renderAddress(step.dst)}`;
    case 'neighbour':
      return `add neighbour ${renderAddress(step.address)} ${step.mac} on ${step.device}`;
    case 'route':
      return describeRoute(step.device, step.route);
    case 'drop-route':
      return `remove route ${renderRange(step.dst)}${step.metric ? ` metric ${step.metric}` : ''}`;
    case 'drop-neighbour':
      return `remove neighbour ${renderAddress(step.address)} from ${step.device}`;
    case 'drop-fdb':
      return `forward ${step.mac} on ${step.device} no more to ${renderAddress(step.dst)}`;
    case 'drop-device':
      return `remove device ${step.device}`;
    default: {
      const never: never = step;
      return never;
    }
  }
}

function describeCreation({ name, vni, port, local, mac, mtu }: WantVtep, again: boolean): string {
  const from = local === undefined ? '' : ` local ${renderAddress(local)}`;
  return `make device ${name}${again ? ' anew' : ''}: vxlan id ${vni} port ${port}${from} mac ${mac} mtu ${mtu} nolearning`;
}

function describeChanges({ up, mac, mtu, master, alias }: DeviceChanges): string {
  const parts = [
    up && 'up',
    mac && `mac ${mac}`,
    mtu !== undefined && `mtu ${mtu}`,
    master === 0 && 'no bridge',
    alias && `alias ${alias}`,
  ];
  return parts.filter(Boolean).join(', ');
}

function describeTuning({ local, learning }: { local?: Ip; learning?: false }): string {
  const parts = [local !== undefined && `local ${renderAddress(local)}`, learning === false && 'nolearning'];
  return parts.filter(Boolean).join(', ');
}

function describeRoute(device: string, { dst, via, src, mtu, direct }: WantRoute): string {
  const by = direct === undefined ? `dev ${device} onlink` : `dev #${direct}`;
  const rest = `${src === undefined ? '' : ` src ${renderAddress(src)}`}${mtu === undefined ? '' : ` mtu ${mtu}`}`;
  return `add route ${renderRange(dst)} via ${renderAddress(via)} ${by}${rest}`;
}
