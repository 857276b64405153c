// Pure: what the networks keeper may do to the host, one closed union.
import type { ErrorCode } from '../../shared/model/errors.ts';
import { type Cidr, type Ip, renderCidr, renderIp } from '../../shared/model/ip.ts';
import type { Mac } from '../../shared/model/mac.ts';
import type { WantPort } from './want-ports.ts';

export type Step = HostStep | NetworkStep | FileStep | DropStep;

/** `uplinks`: devices that shall go on to learn their default route from routers, which forwarding would end. */
export type HostStep =
  | { readonly do: 'forwarding' }
  | { readonly do: 'forwarding6'; readonly uplinks: readonly string[] };

/** Steps of one network, in the order in which they are possible. */
export type NetworkStep =
  | { readonly do: 'unreachable'; readonly network: string; readonly subnet: Cidr }
  | {
      readonly do: 'bridge';
      readonly network: string;
      readonly name: string;
      readonly mac: Mac;
      readonly mtu: number;
      readonly alias: string;
    }
  | { readonly do: 'sysctl'; readonly network: string; readonly path: string; readonly value: string }
  | {
      readonly do: 'address';
      readonly network: string;
      readonly bridge: string;
      readonly address: Ip;
      readonly prefix: number;
    }
  | { readonly do: 'block-route'; readonly network: string; readonly bridge: string; readonly cidr: Cidr }
  | PortStep;

export interface PortStep extends WantPort {
  readonly do: 'port';
}

export interface FileStep {
  readonly do: 'file';
  readonly network: string;
  readonly path: string;
  readonly body: string;
  readonly folderMode: number;
}

export type DropStep =
  | { readonly do: 'drop-file'; readonly path: string }
  | { readonly do: 'drop-address'; readonly index: number; readonly address: Ip; readonly prefix: number }
  | { readonly do: 'drop-bridge'; readonly index: number; readonly name: string }
  | {
      readonly do: 'drop-route';
      readonly dst: Cidr;
      readonly metric: number;
      readonly type: 'unicast' | 'unreachable';
    };

/** Why a network is not as it should be. */
export interface Fault {
  readonly network: string;
  readonly code: ErrorCode;
  readonly text: string;
}

/** The network whose later steps are pointless if this one fails. */
export function networkOfStep(step: Step): string | undefined {
  return 'network' in step ? step.network : undefined;
}

/** One line for logs and for `corral diff`. */
export function describeStep(step: Step): string {
  switch (step.do) {
    case 'forwarding':
      return 'set net.ipv4.ip_forward to 1';
    case 'forwarding6':
      return ['set net.ipv6.conf.all.forwarding to 1', ...step.uplinks.map((name) => `accept_ra of ${name} to 2`)].join(
        ', ',
      );
    case 'unreachable':
      return `add route unreachable ${renderCidr(step.subnet)}`;
    case 'bridge':
      return `make bridge ${step.name} mac ${step.mac} mtu ${step.mtu} up`;
    case 'sysctl':
      return `set ${step.path} to ${step.value}`;
    case 'address':
      return `add address ${renderIp(step.address)}/${step.prefix} to ${step.bridge}`;
    case 'block-route':
      return `add route ${renderCidr(step.cidr)} dev ${step.bridge}`;
    case 'port':
      return `put ${step.device} back on ${step.plan.bridge.name}`;
    case 'file':
      return `write ${step.path}`;
    case 'drop-file':
      return `remove ${step.path}`;
    case 'drop-address':
      return `remove address ${renderIp(step.address)}/${step.prefix} from device ${step.index}`;
    case 'drop-bridge':
      return `remove bridge ${step.name}`;
    case 'drop-route':
      return `remove route ${step.type} ${renderCidr(step.dst)}`;
    default: {
      const never: never = step;
      return never;
    }
  }
}
