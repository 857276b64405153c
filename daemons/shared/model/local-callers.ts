// Pure: who may ask metadata and DNS. The service address sits on `lo`, so a neighbour on the host's own LAN could reach it;
// only the host itself, sources inside the subnet of a local bridge, and addresses of local containers are answered.
import { type Cidr4, contains, type Ipv4, networkOf, parseCidr4 } from './ipv4.ts';

/** An address that a device of this host owns. */
export interface DeviceAddress {
  readonly device: string;
  readonly address: Ipv4;
  readonly prefix: number;
}

/** Plain data, so that it can be handed to another thread. */
export interface CallerRules {
  /** Sorted and without repetition, as are the bridges: equal rules have equal texts. */
  readonly own: readonly Ipv4[];
  readonly bridges: readonly Cidr4[];
}

export const noCallers: CallerRules = { own: [], bridges: [] };
const loopback = parseCidr4('127.0.0.0/8')!;

/** Corral's bridges, Docker's default one and the ones Docker makes for its networks. */
export function isLocalBridge(device: string): boolean {
  return /^(corral.*|docker0|br-[0-9a-f]{12})$/.test(device);
}

/** The rules that follow from the addresses of the host's devices. */
export function callerRules(addresses: readonly DeviceAddress[]): CallerRules {
  const own = [...new Set(addresses.map(({ address }) => address))].sort((a, b) => a - b);
  const bridges = new Map<string, Cidr4>();
  for (const { device, address, prefix } of addresses) {
    if (!isLocalBridge(device) || prefix >= 32) continue;
    const base = networkOf(address, prefix);
    bridges.set(`${base}/${prefix}`, { base, prefix });
  }
  return { own, bridges: [...bridges.values()].sort((a, b) => a.base - b.base || a.prefix - b.prefix) };
}

/** True for the host itself and for sources behind its bridges. */
export function isLocalCaller(rules: CallerRules, source: Ipv4): boolean {
  return isHostItself(rules, source) || rules.bridges.some((bridge) => contains(bridge, source));
}

/** True for a process of the host itself: loopback or an address of one of its devices. */
export function isHostItself(rules: CallerRules, source: Ipv4): boolean {
  return contains(loopback, source) || rules.own.includes(source);
}

export function sameRules(a: CallerRules, b: CallerRules): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
