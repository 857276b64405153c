// The WireGuard driver: one device per network, one peer per host with the ranges that it owns, one route per range. Where the
// kernel has no WireGuard, or this host no keys, the network is not connected: nothing goes another way.
import type { Endpoint, Wireguard, WireguardDevice } from '../../shared/effects/netlink/wireguard.ts';
import type { DriverWish, OverlayDriver } from '../driver.ts';
import { mtuTo } from '../mtu.ts';
import type { Fault } from '../overlay-network.ts';
import { applyTunnels, type TunnelKernel, type TunnelWrites } from './apply-tunnels.ts';
import { describeStep } from './describe-step.ts';
import { observeTunnels, type TunnelReads } from './observe-tunnels.ts';
import { planTunnels, type TunnelsPlan } from './plan-tunnels.ts';
import { sessionsOf } from './sessions.ts';
import { isOwnTunnel, type WantTunnel } from './tunnel-state.ts';
import { portOf, type TunnelSettings, tunnelName, wantTunnel } from './want-tunnel.ts';

export interface WireguardOptions extends Pick<TunnelKernel, 'setSysctl'> {
  readonly netlink: TunnelReads & TunnelWrites;
  readonly wireguard: Wireguard;
  readonly settings: TunnelSettings;
  /** Milliseconds since the epoch; default: the system's. */
  readonly now?: () => number;
}

/** A log line with a thousand entries tells no more than one with some. */
const mostLines = 20;

export function wireguardDriver(options: WireguardOptions): OverlayDriver {
  const { netlink, wireguard, settings, setSysctl, now = Date.now } = options;
  const kernel: TunnelKernel = { netlink, wireguard, ...(setSysctl ? { setSysctl } : {}) };
  const indexes = new Set<number>();
  /** Endpoints that this process gave to keys, by device. */
  const sent = new Map<string, Map<string, Endpoint>>();
  let wants: readonly WantTunnel[] = [];

  const compare = async (wish: DriverWish): Promise<TunnelsPlan> => {
    const { keys, facts, networks, complete } = wish;
    wants = keys ? networks.map((network) => wantTunnel(network, facts, keys, settings)) : [];
    const have = await observeTunnels(netlink, wireguard, wants, now());
    for (const link of have.links) if (isOwnTunnel(link)) indexes.add(link.index);
    return planTunnels(wants, have, complete, sent);
  };

  return {
    name: 'wireguard',
    secret: true,
    mtu: mtuTo,
    async keep(wish) {
      const lacks = await whatLacks(wish, wireguard);
      if (lacks) return { done: [], writes: 0, faults: lacks, failed: [] };
      const { steps, faults } = await compare(wish);
      const { done, failed } = await applyTunnels(steps, kernel, wish.keys?.own ?? []);
      for (const step of done) {
        if (step.do === 'peer' && step.endpoint) {
          sent.set(step.device, (sent.get(step.device) ?? new Map()).set(step.publicKey, step.endpoint));
        } else if (step.do === 'drop-peer') sent.get(step.device)?.delete(step.publicKey);
        else if (step.do === 'create' || step.do === 'drop-device') sent.delete(step.device);
      }
      const lines = done.slice(0, mostLines).map(describeStep);
      return {
        done: done.length > mostLines ? [...lines, `and ${done.length - mostLines} more`] : lines,
        writes: done.length,
        faults,
        failed: failed.map(({ step, error }) => ({ text: describeStep(step), error })),
      };
    },
    async diff(wish) {
      return (await whatLacks(wish, wireguard)) ? [] : (await compare(wish)).steps.map(describeStep);
    },
    doubt: () => undefined, // all of it is read in each pass
    owns: (index) => indexes.has(index),
    devices: (network) => [tunnelName(network)],
    inputs: (network) => [`-p udp -m udp --dport ${portOf(network, settings.port)}`],
    async sessions() {
      const devices = new Map<string, WireguardDevice>();
      for (const { name } of wants) {
        const device = await wireguard.getDevice(name);
        if (device) devices.set(name, device);
      }
      return sessionsOf(wants, devices, now());
    },
    async close() {
      wireguard.close();
    },
  };
}

/** Why no network of the wish can be connected; undefined if all can, or there is none. */
async function whatLacks({ networks, keys }: DriverWish, wireguard: Wireguard): Promise<Fault[] | undefined> {
  const all = (code: Fault['code'], text: string): Fault[] =>
    networks.map(({ name }) => ({ network: name, code, text }));
  if (networks.length === 0) return undefined;
  if (!(await wireguard.isThere())) return all('KERNEL_LACKS', 'this kernel has no WireGuard (modprobe wireguard)');
  if (!keys?.own[0]) return all('KEY_UNUSABLE', 'this host has no keys that can be used; see the condition `keys`');
  return undefined;
}
