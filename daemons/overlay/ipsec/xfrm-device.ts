// Pure: the XFRM interface of one network and the routes through it, and what the kernel lacks of them.
import type { IpRange, Route } from '../../shared/effects/netlink.ts';
import { renderRange } from '../addresses.ts';
import type { HostFacts } from '../host-facts.ts';
import { deviceMtu, mtuTo } from '../mtu.ts';
import type { OverlayNetwork } from '../overlay-network.ts';

export interface WantXfrm {
  readonly name: string;
  readonly ifId: number;
  readonly mtu: number;
  readonly alias: string;
  /** Without their device, which may not be there yet. */
  readonly routes: readonly Route[];
}

export interface HaveXfrm {
  readonly index: number;
  readonly name: string;
  readonly kind: string | undefined;
  readonly ifId: number | undefined;
  readonly mtu: number;
  readonly up: boolean;
  readonly alias: string | undefined;
}

export type XfrmStep =
  /** `instead`: index of a device that has to go first. */
  | { readonly do: 'create'; readonly want: WantXfrm; readonly instead: number | undefined }
  | {
      readonly do: 'alter';
      readonly name: string;
      readonly index: number;
      readonly changes: { mtu?: number; up?: true };
    }
  | { readonly do: 'route'; readonly name: string; readonly route: Route }
  | { readonly do: 'drop-route'; readonly route: Route }
  | { readonly do: 'drop-device'; readonly name: string; readonly index: number };

export function xfrmName(vni: number): string {
  return `xfrm${vni}`;
}

export function wantXfrm(network: OverlayNetwork, facts: HostFacts): WantXfrm {
  const { name, vni, self } = network;
  const src = self.gateways.find((gateway) => facts.addresses.has(gateway));
  const src6 = self.gateways6.find((gateway) => facts.addresses.has(gateway));
  const mtu = deviceMtu(network, facts);
  const routes = network.peers.flatMap((peer) => {
    const whole = mtuTo(network, peer, facts);
    const smaller = whole < mtu ? { mtu: whole } : {};
    const to = (dst: IpRange, from: Route['src']): Route => ({
      dst,
      ...(from === undefined ? {} : { src: from }),
      ...smaller,
    });
    const four = src === undefined && !network.flat ? [] : peer.ranges.map((dst) => to(dst, src));
    return [...four, ...peer.ranges6.map((dst) => to(dst, src6))];
  });
  return { name: xfrmName(vni), ifId: vni, mtu, alias: `corral:${name}`, routes };
}

/** @param routes all of Corral's of both families */
export function planXfrm(
  wants: readonly WantXfrm[],
  devices: readonly HaveXfrm[],
  routes: readonly Route[],
  complete: boolean,
): XfrmStep[] {
  const steps: XfrmStep[] = [];
  const drops: XfrmStep[] = [];
  for (const want of wants) {
    const have = devices.find(({ name }) => name === want.name);
    const fits = have?.kind === 'xfrm' && have.ifId === want.ifId;
    if (!have || !fits) steps.push({ do: 'create', want, instead: have?.index });
    else if (have.mtu !== want.mtu || !have.up) {
      const changes = {
        ...(have.mtu === want.mtu ? {} : { mtu: want.mtu }),
        ...(have.up ? {} : { up: true as const }),
      };
      steps.push({ do: 'alter', name: want.name, index: have.index, changes });
    }
    const present = fits ? routes.filter(({ index }) => index === have?.index) : [];
    for (const route of want.routes) {
      if (!present.some((one) => isSame(route, one))) steps.push({ do: 'route', name: want.name, route });
    }
    const isWanted = (one: Route): boolean => want.routes.some(({ dst }) => sameRange(dst, one.dst));
    for (const route of present) if (complete && !isWanted(route)) drops.push({ do: 'drop-route', route });
  }
  const names = new Set(wants.map(({ name }) => name));
  for (const { name, index, kind, alias } of devices) {
    const isOurs = kind === 'xfrm' && /^corral:[^:]+$/.test(alias ?? '');
    if (complete && isOurs && !names.has(name)) drops.push({ do: 'drop-device', name, index });
  }
  return [...steps, ...drops];
}

export function describeXfrmStep(step: XfrmStep): string {
  switch (step.do) {
    case 'create':
      return `create ${step.want.name} with identifier ${step.want.ifId} and MTU ${step.want.mtu}`;
    case 'alter':
      return `change ${step.name}: ${Object.entries(step.changes).map(String).join(', ')}`;
    case 'route':
      return `add a route through ${step.name} to ${renderRange(step.route.dst)}`;
    case 'drop-route':
      return `remove the route to ${renderRange(step.route.dst)}`;
    case 'drop-device':
      return `remove ${step.name}`;
    default: {
      const never: never = step;
      return never;
    }
  }
}

/** Of routes through one device. */
function isSame(want: Route, have: Route): boolean {
  return sameRange(want.dst, have.dst) && want.src === have.src && want.mtu === have.mtu && have.via === undefined;
}

function sameRange(a: IpRange, b: IpRange): boolean {
  return a.base === b.base && a.prefix === b.prefix;
}
