// Pure: the kernel's state of VXLAN devices, as wanted and as found.
import type { Ip, IpRange, Route } from '../../shared/effects/netlink.ts';
import type { Mac } from '../../shared/model/mac.ts';
import { renderRange } from '../addresses.ts';

/**
 * IPv4's dummy address (RFC 7600), on every device of ours and used by nobody. On a device without an address the kernel takes a
 * loose reverse path filter for a strict one, and refuses what comes from another network of the same peer.
 */
export const ownAddress = 0xc0000008 as Ip & number;

export interface WantRoute {
  readonly dst: IpRange;
  readonly via: Ip;
  readonly src: Ip | undefined;
  /** Smaller than the device's; undefined: the device's. */
  readonly mtu: number | undefined;
  /** Index of the uplink for a peer on the same link; undefined: through the tunnel. */
  readonly direct: number | undefined;
}

export interface WantVtep {
  readonly network: string;
  readonly name: string;
  readonly alias: string;
  readonly vni: number;
  readonly port: number;
  /** Undefined: the host does not have its agent address; the kernel chooses one, and what the device has is left. */
  readonly local: Ip | undefined;
  readonly family: 4 | 6;
  readonly mac: Mac;
  readonly mtu: number;
  readonly fdb: ReadonlyMap<Mac, Ip>;
  readonly neighbours: ReadonlyMap<Ip, Mac>;
  /** By `routeKey`. */
  readonly routes: ReadonlyMap<string, WantRoute>;
  /** IPv4 routes to these ranges are neither made nor removed: the bridge with their source address is not there. */
  readonly held: IpRange | undefined;
  /** By path below /proc/sys; the device's own settings. */
  readonly sysctls: ReadonlyMap<string, string>;
  /** Settings of the bridge, if it is there. */
  readonly bridgeSysctls: ReadonlyMap<string, string>;
}

export interface HaveDevice {
  readonly index: number;
  readonly name: string;
  readonly kind: string | undefined;
  readonly mac: Mac | undefined;
  readonly mtu: number;
  readonly up: boolean;
  readonly alias: string | undefined;
  readonly master: number | undefined;
  readonly vxlan:
    | {
        readonly vni: number;
        readonly port: number;
        readonly local: Ip | undefined;
        readonly link: number | undefined;
        readonly learning: boolean;
        readonly special: boolean;
      }
    | undefined;
}

export interface HaveFdb {
  readonly dst: Ip;
  readonly permanent: boolean;
}

export interface HaveNeighbour {
  readonly mac: Mac | undefined;
  readonly permanent: boolean;
}

/** What one device has. */
export interface HaveVtep {
  readonly device: HaveDevice;
  /** `ownAddress` is on it. */
  readonly addressed: boolean;
  readonly fdb: Map<Mac, HaveFdb>;
  readonly neighbours: Map<Ip, HaveNeighbour>;
}

export interface HaveState {
  /** Devices of kind vxlan, and whatever else has a name that is wanted. */
  readonly devices: readonly HaveDevice[];
  /** Entries of the wanted devices, by name. */
  readonly vteps: ReadonlyMap<string, HaveVtep>;
  /** The overlay's routes of both families: Corral's, and with a next hop; by `routeKey`. */
  readonly routes: Map<string, Route>;
  readonly sysctls: Map<string, string>;
}

/** The kernel keeps one route for each range and metric; ours have the family's default metric. */
export function routeKey(dst: IpRange, metric?: number): string {
  const usual = typeof dst.base === 'number' ? 0 : 1024;
  const known = keys.get(dst);
  const range = known ?? renderRange(dst);
  if (known === undefined) keys.set(dst, range);
  return metric === undefined || metric === usual ? range : `${range} metric ${metric}`;
}

/** A peer's ranges are asked for at every comparison. */
const keys = new WeakMap<IpRange, string>();

/** Made by this driver: by alias, or by name if a crash came before the alias. */
export function isOwnDevice({ kind, alias, name }: HaveDevice): boolean {
  return kind === 'vxlan' && (/^corral:[^:]+$/.test(alias ?? '') || (!alias && /^vtep\d+$/.test(name)));
}
