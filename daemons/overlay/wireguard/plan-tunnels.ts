// Pure: what has to be done so that the host has the wanted WireGuard devices, peers and routes. A device is configured before
// it is set up, and routes come last: until then a packet ends at the network's unreachable route.
import type { Endpoint } from '../../shared/effects/netlink/wireguard.ts';
import type { Route } from '../../shared/effects/netlink.ts';
import { renderRange } from '../addresses.ts';
import type { Fault } from '../overlay-network.ts';
import { planPeers } from './plan-peers.ts';
import { type HaveState, isOwnTunnel, type TunnelStep, type WantTunnel } from './tunnel-state.ts';

export interface TunnelsPlan {
  readonly steps: readonly TunnelStep[];
  readonly faults: readonly Fault[];
}

/**
 * @param complete false: only what is missing is added
 * @param sent the endpoints that this process gave to keys, by device
 */
export function planTunnels(
  wants: readonly WantTunnel[],
  have: HaveState,
  complete: boolean,
  sent: ReadonlyMap<string, ReadonlyMap<string, Endpoint>>,
): TunnelsPlan {
  const adds: TunnelStep[] = [];
  const drops: TunnelStep[] = [];
  const faults: Fault[] = [];
  const ports = new Map<number, string>();
  for (const want of wants) {
    const { network, name, port } = want;
    const link = have.links.find((one) => one.name === name);
    const rival = ports.get(port);
    if (rival !== undefined) {
      faults.push({
        network,
        code: 'PORT_TAKEN',
        text: `${rival} has UDP port ${port} too; give one of them another vni`,
      });
      continue;
    }
    ports.set(port, network);
    if (link && !isOwnTunnel(link)) {
      const text = `${name} is a device of kind ${link.kind ?? 'hardware'} that Corral has not made; rename it`;
      faults.push({ network, code: 'VNI_TAKEN', text });
      continue;
    }
    const device = link && have.devices.get(name);
    const options = { sent: sent.get(name) ?? new Map(), complete, now: have.now };
    const peers = planPeers(want, device, options);
    adds.push(...planDevice(want, have), ...peers.adds, ...planSysctls(want, have), ...planUp(want, have));
    const index = link?.index;
    const routes = have.routes.filter((route) => index !== undefined && route.index === index);
    const isThere = (route: Route): boolean => routes.some((one) => isSame(route, one));
    const missing = want.routes.filter((route) => !isThere(route));
    adds.push(...missing.map((route) => ({ do: 'route', device: name, route }) as const));
    if (complete) drops.push(...planStaleRoutes(want, routes));
    drops.push(...peers.drops);
  }
  const names = new Set(wants.map(({ name }) => name));
  for (const link of have.links) {
    if (complete && isOwnTunnel(link) && !names.has(link.name))
      drops.push({ do: 'drop-device', device: link.name, index: link.index });
  }
  return { steps: [...adds, ...drops], faults };
}

function planDevice(want: WantTunnel, { links, devices }: HaveState): TunnelStep[] {
  const { name, mtu, alias, port, publicKey } = want;
  const device = links.some((one) => one.name === name) ? devices.get(name) : undefined;
  const changes = {
    ...(device?.publicKey === publicKey ? {} : { publicKey }),
    ...(device?.port === port ? {} : { port }),
  };
  return [
    ...(device ? [] : [{ do: 'create', device: name, mtu, alias } as const]),
    ...(Object.keys(changes).length > 0 ? [{ do: 'configure', device: name, ...changes } as const] : []),
  ];
}

function planUp({ name, mtu, alias }: WantTunnel, { links }: HaveState): TunnelStep[] {
  const link = links.find((one) => one.name === name);
  const changes = {
    ...(link && link.mtu !== mtu ? { mtu } : {}),
    ...(link?.alias === alias ? {} : { alias }),
    ...(link?.up ? {} : { up: true as const }),
  };
  return Object.keys(changes).length > 0 ? [{ do: 'alter', device: name, changes }] : [];
}

/** A setting that this kernel does not have (no IPv6) is not wanted; those of a device to be made cannot be read yet. */
function planSysctls({ name, sysctls, bridgeSysctls }: WantTunnel, have: HaveState): TunnelStep[] {
  const isThere = have.links.some((one) => one.name === name);
  const differing = ([path, value]: readonly [string, string], mayBeNew: boolean): TunnelStep[] => {
    const actual = have.sysctls.get(path);
    const same = actual === undefined ? !mayBeNew : actual === value;
    return same ? [] : [{ do: 'sysctl', device: name, path, value }];
  };
  return [
    ...[...sysctls].flatMap((setting) => differing(setting, !isThere)),
    ...[...bridgeSysctls].flatMap((setting) => differing(setting, false)),
  ];
}

function planStaleRoutes({ name, routes, waits }: WantTunnel, have: readonly Route[]): TunnelStep[] {
  const wanted = new Set(routes.map(({ dst }) => renderRange(dst)));
  const isHeld = ({ dst }: Route): boolean => waits && typeof dst.base === 'number';
  return have
    .filter((route) => !wanted.has(renderRange(route.dst)) && !isHeld(route))
    .map((route) => ({ do: 'drop-route', device: name, route }));
}

/** Both through the device. */
function isSame(want: Route, have: Route): boolean {
  return (
    renderRange(want.dst) === renderRange(have.dst) &&
    want.src === have.src &&
    want.mtu === have.mtu &&
    have.via === undefined &&
    (have.type ?? 'unicast') === 'unicast'
  );
}
