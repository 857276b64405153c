// The part of a kernel that the WireGuard driver uses. It keeps state as the kernel does: a range belongs to one peer, a new
// private key is known by its public half, a device that goes takes its routes along.
import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { TunnelWrites } from '../../daemons/overlay/wireguard/apply-tunnels.ts';
import type { TunnelReads } from '../../daemons/overlay/wireguard/observe-tunnels.ts';
import type { Wireguard, WireguardPeer } from '../../daemons/shared/effects/netlink/wireguard.ts';
import type { IpRange, Link, LinkRef, Route } from '../../daemons/shared/effects/netlink.ts';
import { SuiteError } from '../../daemons/shared/model/errors.ts';

interface Device {
  publicKey: string | undefined;
  port: number;
  readonly peers: Map<string, WireguardPeer>;
}

export interface FakeKernel {
  readonly netlink: TunnelReads & TunnelWrites;
  readonly wireguard: Wireguard;
  readonly links: Map<number, Link>;
  readonly devices: Map<string, Device>;
  readonly routes: Map<string, Route>;
  readonly sysctls: Map<string, string>;
  /** Verbs that wrote, in order. */
  readonly written: string[];
  isThere: boolean;
  /** Refuses the verbs that it is true for. */
  refuse: (verb: string) => boolean;
}

const keyOf = ({ base, prefix }: IpRange): string => `${base}/${prefix}`;

export function makeKernel(): FakeKernel {
  let nextIndex = 10;
  const write = (verb: string): void => {
    if (kernel.refuse(verb)) throw new SuiteError('NETLINK_REFUSED', `${verb}: EINVAL`, { cause: new Error('EINVAL') });
    kernel.written.push(verb);
  };
  const linkOf = (ref: LinkRef): Link | undefined =>
    [...kernel.links.values()].find(({ index, name }) => index === ref || name === ref);
  const deviceOf = (name: string): Device => {
    const device = kernel.devices.get(name);
    if (!device) throw new SuiteError('NETLINK_NO_SUCH_DEVICE', name);
    return device;
  };
  const kernel: FakeKernel = {
    links: new Map(),
    devices: new Map(),
    routes: new Map(),
    sysctls: new Map(),
    written: [],
    isThere: true,
    refuse: () => false,
    netlink: {
      listLinks: async () => [...kernel.links.values()],
      listRoutes: async ({ family } = {}) =>
        [...kernel.routes.values()].filter(({ dst }) => (typeof dst.base === 'number' ? 4 : 6) === (family ?? 4)),
      getLink: async (ref) => linkOf(ref),
      async setLink(ref, changes) {
        write('setLink');
        const link = linkOf(ref)!;
        const { up, mtu, alias } = changes;
        const next = { ...(up && { up }), ...(mtu && { mtu }), ...(alias && { alias }) };
        kernel.links.set(link.index, { ...link, ...next });
      },
      async dropLink(ref) {
        write('dropLink');
        const link = linkOf(ref);
        if (!link) return false;
        kernel.links.delete(link.index);
        kernel.devices.delete(link.name);
        for (const [key, route] of kernel.routes) if (route.index === link.index) kernel.routes.delete(key);
        return true;
      },
      async setRoute(route) {
        write('setRoute');
        kernel.routes.set(keyOf(route.dst), route);
      },
      async dropRoute({ dst }) {
        write('dropRoute');
        return kernel.routes.delete(keyOf(dst));
      },
    },
    wireguard: {
      isThere: async () => kernel.isThere,
      async createDevice(name, mtu) {
        write('createDevice');
        if (linkOf(name)) throw new SuiteError('NETLINK_EXISTS', name);
        const index = nextIndex++;
        kernel.links.set(index, { index, name, kind: 'wireguard', mtu, up: false } as unknown as Link);
        kernel.devices.set(name, { publicKey: undefined, port: 0, peers: new Map() });
      },
      async getDevice(name) {
        const device = kernel.devices.get(name);
        return device && { publicKey: device.publicKey, port: device.port, peers: [...device.peers.values()] };
      },
      async setDevice(name, { privateKey, port }) {
        write('setDevice');
        const device = deviceOf(name);
        if (privateKey) device.publicKey = publicOf(privateKey);
        device.port = port ?? device.port;
      },
      async setPeers(name, changes) {
        write('setPeers');
        const { peers } = deviceOf(name);
        for (const change of changes) {
          if ('remove' in change) {
            peers.delete(change.publicKey);
            continue;
          }
          const { publicKey, endpoint, keepalive, allowed = [], replace } = change;
          const none = {
            endpoint: undefined,
            keepalive: 0,
            allowed: [],
            lastHandshake: undefined,
            rxBytes: 0,
            txBytes: 0,
          };
          const before = peers.get(publicKey) ?? { publicKey, ...none };
          const taken = new Set(allowed.map(keyOf));
          for (const [key, peer] of peers) {
            if (key === publicKey) continue;
            peers.set(key, { ...peer, allowed: peer.allowed.filter((range) => !taken.has(keyOf(range))) });
          }
          const kept = replace ? [] : before.allowed.filter((range) => !taken.has(keyOf(range)));
          peers.set(publicKey, {
            ...before,
            endpoint: endpoint ?? before.endpoint,
            keepalive: keepalive ?? before.keepalive,
            allowed: [...kept, ...allowed],
          });
        }
      },
      close: () => undefined,
    },
  };
  return kernel;
}

/** PKCS #8 of a raw X25519 key is this and the key (RFC 8410). */
const pkcs8Head = Buffer.from('302e020100300506032b656e04220420', 'hex');

function publicOf(raw: Uint8Array): string {
  const key = createPrivateKey({ key: Buffer.concat([pkcs8Head, raw]), type: 'pkcs8', format: 'der' });
  return createPublicKey(key).export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64');
}
