// Evidence about subnets, devices, ports and peers.
import { existsSync } from 'node:fs';
import { readTextIfPresent } from '../../../shared/effects/files.ts';
import { bridgeName } from '../../../shared/model/networks.ts';
import { uplinkMtu } from '../../../shared/model/uplink.ts';
import { readHostRoutes } from '../../host-routes.ts';
import type { Check } from '../check.ts';
import {
  type DeviceSize,
  judgeBlocks,
  judgeMtu,
  judgePathMtu,
  judgePeers,
  judgePorts,
  judgeSubnets,
  type NeededPort,
} from '../judge/networks.ts';
import { isListening } from '../parse-sockets.ts';
import type { Scene } from '../scene.ts';

const subnets: Check = {
  id: 'subnets',
  title: 'the networks share no address with what the host reaches',
  look: async (scene) => {
    const [networks, { routes, devices }] = await Promise.all([scene.networks(), readHostRoutes()]);
    const hasK3s =
      ['/var/lib/rancher/k3s', '/var/lib/rancher/rke2', '/etc/rancher/k3s'].some((path) => existsSync(path)) ||
      devices.some((device) => /^(cni0|flannel\.)/.test(device));
    return judgeSubnets(networks, { routes, devices, hasK3s });
  },
};

const blocks: Check = {
  id: 'blocks',
  title: 'there are blocks for further hosts',
  look: async (scene) => judgeBlocks(await scene.networks()),
};

const ports: Check = {
  id: 'ports',
  title: 'metadata, DNS and tunnels have their ports',
  look: async (scene) => {
    const sockets = (['tcp', 'udp'] as const).map((name) => readTextIfPresent(`/proc/net/${name}`, 64 << 20) ?? '');
    const needed = await neededPorts(scene);
    return judgePorts(needed, ({ protocol, address, port }) => {
      return isListening(sockets[protocol === 'tcp' ? 0 : 1]!, protocol, address, port);
    });
  },
};

const defaultBridge = bridgeName('', true);

/** IKE, and ESP inside UDP; of a charon that the suite runs itself. */
const ikePorts = [500, 4_500];

/** Tunnels of VXLAN and WireGuard have ports once there are devices for them; that of the default network is known. */
async function neededPorts(scene: Scene): Promise<NeededPort[]> {
  const { metadata, overlay } = scene.config;
  const [links, networks] = await Promise.all([scene.links(), scene.networks()]);
  const ownCharon = overlay.ipsecCharon === 'none' && networks.some(({ driver }) => driver === 'ipsec');
  const usual = networks.find(({ bridge }) => bridge === defaultBridge);
  const ike = ikePorts.map((port): NeededPort => ({ protocol: 'udp', address: null, port, purpose: 'charon' }));
  const { address } = metadata;
  const tunnels = links.flatMap(({ vxlan, alias, name }): NeededPort[] => {
    if (!vxlan || !/^corral:[^:]+$/.test(alias ?? '')) return [];
    return [{ protocol: 'udp', address: null, port: vxlan.port, purpose: `tunnels of ${name}` }];
  });
  return [
    { protocol: 'tcp', address, port: metadata.port, purpose: 'metadata' },
    { protocol: 'udp', address, port: 53, purpose: 'DNS' },
    { protocol: 'tcp', address, port: 53, purpose: 'DNS' },
    ...tunnels,
    ...(ownCharon ? ike : []),
    ...links.flatMap(({ kind, alias, name }): NeededPort[] => {
      if (kind !== 'wireguard' || alias !== `corral:${usual?.name}`) return [];
      return [{ protocol: 'udp', address: null, port: overlay.wireguardPort, purpose: `tunnels of ${name}` }];
    }),
  ];
}

const mtu: Check = {
  id: 'mtu',
  title: 'bridges and tunnels fit into the uplink',
  look: async (scene) => {
    const [networks, routes, links, underlay] = await Promise.all([
      scene.networks(),
      scene.routes(),
      scene.links(),
      scene.underlay(),
    ]);
    const devices = networks.flatMap(({ name, driver, bridge }): DeviceSize[] => {
      const device = links.find((link) => link.name === bridge);
      return device ? [{ network: name, driver, device: bridge, mtu: device.mtu }] : [];
    });
    return judgeMtu(uplinkMtu(routes, links, underlay), underlay, devices);
  },
};

const pathMtu: Check = {
  id: 'path-mtu',
  title: 'packets of full size reach the other hosts',
  look: async (scene) => judgePathMtu(await scene.peers()),
};

const peers: Check = {
  id: 'peers',
  title: 'every other host answers through the overlay',
  look: async (scene) => judgePeers(await scene.peers()),
};

export const networkChecks: readonly Check[] = [subnets, blocks, ports, mtu, pathMtu, peers];
