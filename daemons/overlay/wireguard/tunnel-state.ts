// Pure: the kernel's state of WireGuard devices, as wanted and as found.
import type { Endpoint, WireguardDevice } from '../../shared/effects/netlink/wireguard.ts';
import type { IpRange, Route } from '../../shared/effects/netlink.ts';

export interface WantPeer {
  readonly hostId: string;
  /** Its key in use, which has the ranges; then the announced one, which has none yet. */
  readonly keys: readonly string[];
  readonly endpoint: Endpoint;
  readonly allowed: readonly IpRange[];
}

export interface WantTunnel {
  readonly network: string;
  readonly name: string;
  readonly alias: string;
  readonly mtu: number;
  readonly port: number;
  /** Of the private key in use. */
  readonly publicKey: string;
  /** Seconds; 0: none. */
  readonly keepalive: number;
  readonly peers: readonly WantPeer[];
  /** Without their device, which may not be there yet. */
  readonly routes: readonly Route[];
  /** IPv4 routes are neither made nor removed: the bridge with their source address is not there. */
  readonly waits: boolean;
  readonly sysctls: ReadonlyMap<string, string>;
  /** Of the bridge, if it is there. */
  readonly bridgeSysctls: ReadonlyMap<string, string>;
}

export interface HaveLink {
  readonly index: number;
  readonly name: string;
  readonly kind: string | undefined;
  readonly mtu: number;
  readonly up: boolean;
  readonly alias: string | undefined;
}

export interface HaveState {
  /** Devices of kind wireguard, and whatever else has a name that is wanted. */
  readonly links: readonly HaveLink[];
  /** Of the wanted ones that are there, by name. */
  readonly devices: ReadonlyMap<string, WireguardDevice>;
  /** Corral's, of both families. */
  readonly routes: readonly Route[];
  readonly sysctls: ReadonlyMap<string, string>;
  /** Wall time of the reading, ms. */
  readonly now: number;
}

export type TunnelStep =
  | { readonly do: 'create'; readonly device: string; readonly mtu: number; readonly alias: string }
  | {
      readonly do: 'alter';
      readonly device: string;
      readonly changes: { readonly mtu?: number; readonly up?: true; readonly alias?: string };
    }
  /** `publicKey` tells which private key; the key itself is in no step. */
  | { readonly do: 'configure'; readonly device: string; readonly publicKey?: string; readonly port?: number }
  | {
      readonly do: 'peer';
      readonly device: string;
      readonly publicKey: string;
      readonly endpoint?: Endpoint;
      readonly keepalive?: number;
      readonly allowed?: readonly IpRange[];
      readonly replace?: true;
    }
  | { readonly do: 'drop-peer'; readonly device: string; readonly publicKey: string }
  | { readonly do: 'sysctl'; readonly device: string; readonly path: string; readonly value: string }
  | { readonly do: 'route'; readonly device: string; readonly route: Route }
  | { readonly do: 'drop-route'; readonly device: string; readonly route: Route }
  | { readonly do: 'drop-device'; readonly device: string; readonly index: number };

/** Made by this driver: by alias, or by name if a crash came before the alias. */
export function isOwnTunnel({ kind, alias, name }: HaveLink): boolean {
  return kind === 'wireguard' && (/^corral:[^:]+$/.test(alias ?? '') || (!alias && /^wg\d+$/.test(name)));
}
