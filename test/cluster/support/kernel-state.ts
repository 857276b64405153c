// What the kernel of a lab's host holds for the overlay of the default network, and what it should hold.
import type { TestLab } from './lab.ts';

export interface ListedHost {
  readonly id: string;
  readonly name: string;
  readonly agentIp: string;
  readonly vtepMac: string;
  readonly blocks: readonly { readonly network: string; readonly cidr: string }[];
}

export interface KernelState {
  readonly device: Readonly<Record<string, unknown>>;
  readonly fdb: readonly string[];
  readonly neighbours: readonly string[];
  readonly routes: readonly string[];
}

const device = 'vtep1042';

interface LinkFacts {
  readonly address: string;
  readonly mtu: number;
  readonly linkinfo: { readonly info_kind: string; readonly info_data: Readonly<Record<string, unknown>> };
}
interface FdbFacts {
  readonly mac: string;
  readonly dst?: string;
  readonly state?: string;
  readonly flags: readonly string[];
}
interface NeighbourFacts {
  readonly dst: string;
  readonly lladdr?: string;
  readonly state: readonly string[];
}

/** Lists are sorted. */
export function kernelOf(lab: TestLab, host: string): KernelState {
  const json = <T>(...command: string[]): T[] => JSON.parse(lab.run(host, ...command) || '[]') as T[];
  const link = json<LinkFacts>('ip', '-d', '-j', 'link', 'show', device)[0]!;
  const { id, local, port, learning } = link.linkinfo.info_data;
  const fdb = json<FdbFacts>('bridge', '-j', 'fdb', 'show', 'dev', device).filter(({ dst }) => dst !== undefined);
  const neighbours = json<NeighbourFacts>('ip', '-4', '-j', 'neighbour', 'show', 'dev', device);
  const routes = lab.run(host, 'ip', '-4', 'route', 'show', 'proto', '143').split('\n');
  return {
    device: { kind: link.linkinfo.info_kind, id, local, port, learning, mac: link.address, mtu: link.mtu },
    fdb: fdb.map(({ mac, dst, state, flags }) => `${mac} dst ${dst} ${[...flags, state].join(' ')}`).sort(),
    neighbours: neighbours.map(({ dst, lladdr, state }) => `${dst} lladdr ${lladdr} ${state.join(' ')}`).sort(),
    routes: routes
      .map((line) => line.trim())
      .filter(Boolean)
      .sort(),
  };
}

/** For hosts with one block each: a forwarding entry, a neighbour and a route for every other host. */
export function wantedKernel(hosts: readonly ListedHost[], name: string): KernelState {
  const own = hosts.find((host) => host.name === name)!;
  const peers = hosts.filter((host) => host !== own);
  return {
    device: { kind: 'vxlan', id: 1042, local: own.agentIp, port: 4789, learning: false, mac: own.vtepMac, mtu: 1450 },
    fdb: peers.map(({ vtepMac, agentIp }) => `${vtepMac} dst ${agentIp} self permanent`).sort(),
    neighbours: peers.map((peer) => `${baseOf(peer)} lladdr ${peer.vtepMac} PERMANENT`).sort(),
    routes: [
      ...peers.map((peer) => {
        return `${blockOf(peer)} via ${baseOf(peer)} dev ${device} src ${baseOf(own).replace(/0$/, '1')} onlink`;
      }),
      'unreachable 10.42.0.0/16 metric 4294967295',
    ].sort(),
  };
}

function blockOf({ blocks }: ListedHost): string {
  return blocks.find(({ network }) => network === 'corral')!.cidr;
}

function baseOf(host: ListedHost): string {
  return blockOf(host).split('/')[0]!;
}
