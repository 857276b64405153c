// Pure: what the networks keeper looks at on the host; observe.ts fills it.
import type { Cidr, Ip } from '../../shared/model/ip.ts';

export interface HaveLink {
  readonly index: number;
  readonly name: string;
  /** undefined for hardware. */
  readonly kind: string | undefined;
  readonly mac: string | undefined;
  readonly mtu: number;
  readonly up: boolean;
  readonly alias: string | undefined;
  /** Index of the bridge that it is a port of. */
  readonly master: number | undefined;
}

export interface HaveAddress {
  readonly index: number;
  readonly address: Ip;
  readonly prefix: number;
}

/** A route of the main table. */
export interface HaveRoute {
  readonly dst: Cidr;
  readonly type: string;
  readonly index: number | undefined;
  readonly metric: number;
  readonly hasGateway: boolean;
  /** Made by Corral. */
  readonly own: boolean;
}

export interface HostState {
  readonly links: readonly HaveLink[];
  readonly addresses: readonly HaveAddress[];
  readonly routes: readonly HaveRoute[];
  /** By path below /proc/sys; what the kernel does not have is absent. */
  readonly sysctls: ReadonlyMap<string, string>;
  /** Contents by path: block files, and CNI configurations at the places where ours stand. */
  readonly files: ReadonlyMap<string, string>;
}

/** A bridge's alias says whose it is; links of containers have longer ones. */
export function bridgeAlias(network: string): string {
  return `corral:${network}`;
}

/** The network of a bridge of ours; undefined for any other device. */
export function networkOfBridge(link: Pick<HaveLink, 'kind' | 'alias'>): string | undefined {
  return link.kind === 'bridge' ? /^corral:([^:]+)$/.exec(link.alias ?? '')?.[1] : undefined;
}
