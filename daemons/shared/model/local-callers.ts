// Pure: who may ask metadata and DNS. The service address sits on `lo`, so a neighbour on the host's own LAN could reach it;
// only the host itself, sources inside the subnet of a local bridge, and addresses of local containers are answered.
import { type Cidr, contains as covers, type Ip, parseCidr, networkOf as rangeOf } from './ip.ts';
import { type Cidr4, contains, type Ipv4, networkOf, parseCidr4 } from './ipv4.ts';
import type { Ipv6 } from './ipv6.ts';

/** An address that a device of this host owns. */
export interface DeviceAddress {
  readonly device: string;
  readonly address: Ip;
  readonly prefix: number;
}

/** Plain data, so that it can be handed to another thread. */
export interface CallerRules {
  /** Sorted and without repetition, as are the bridges: equal rules have equal texts. */
  readonly own: readonly Ipv4[];
  readonly bridges: readonly Cidr4[];
  readonly own6: readonly Ipv6[];
  readonly bridges6: readonly Cidr[];
}

export const noCallers: CallerRules = { own: [], bridges: [], own6: [], bridges6: [] };
const loopback = parseCidr4('127.0.0.0/8')!;
/** Every device has one of these; it tells nothing of where a source is. */
const linkLocal = parseCidr('fe80::/10')!;

/** Corral's bridges, Docker's default one and the ones Docker makes for its networks. */
export function isLocalBridge(device: string): boolean {
  return /^(corral.*|docker0|br-[0-9a-f]{12})$/.test(device);
}

/** The rules that follow from the addresses of the host's devices. */
export function callerRules(addresses: readonly DeviceAddress[]): CallerRules {
  const own = new Set<Ipv4>();
  const own6 = new Set<Ipv6>();
  const bridges = new Map<string, Cidr4>();
  const bridges6 = new Map<string, Cidr>();
  for (const { device, address, prefix } of addresses) {
    if (typeof address === 'number') {
      own.add(address);
      if (!isLocalBridge(device) || prefix >= 32) continue;
      const base = networkOf(address, prefix);
      bridges.set(`${base}/${prefix}`, { base, prefix });
    } else {
      own6.add(address);
      if (!isLocalBridge(device) || prefix >= 128 || covers(linkLocal, address)) continue;
      const base = rangeOf(address, prefix);
      bridges6.set(`${base}/${prefix}`, { base, prefix });
    }
  }
  return {
    own: [...own].sort((a, b) => a - b),
    bridges: [...bridges.values()].sort((a, b) => a.base - b.base || a.prefix - b.prefix),
    own6: [...own6].sort(inOrder),
    bridges6: [...bridges6.values()].sort((a, b) => inOrder(a.base, b.base) || a.prefix - b.prefix),
  };
}

function inOrder(a: Ip, b: Ip): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** True for the host itself and for sources behind its bridges. */
export function isLocalCaller(rules: CallerRules, source: Ip): boolean {
  if (isHostItself(rules, source)) return true;
  if (typeof source === 'number') return rules.bridges.some((bridge) => contains(bridge, source));
  return rules.bridges6.some((bridge) => covers(bridge, source));
}

/** True for a process of the host itself: loopback or an address of one of its devices. */
export function isHostItself(rules: CallerRules, source: Ip): boolean {
  if (typeof source === 'number') return contains(loopback, source) || rules.own.includes(source);
  return source === 1n || rules.own6.includes(source);
}

export function sameRules(a: CallerRules, b: CallerRules): boolean {
  return textOf(a) === textOf(b);
}

function textOf(rules: CallerRules): string {
  return JSON.stringify(rules, (_key, value) => (typeof value === 'bigint' ? value.toString() : value));
}
