// Pure: networks, hosts and the store as tables for people.
import type { HostObject, NetworkObject } from '../../shared/model/objects.ts';
import { renderDuration } from './render-status.ts';
import { renderTable } from './render-table.ts';

export interface NetworkList {
  /** `file`: corral.yaml decides; `store`: the cluster's store does. */
  readonly authority: 'file' | 'store';
  readonly networks: readonly (NetworkObject & {
    readonly owned: readonly { readonly cidr: string; readonly host: string }[];
    readonly attached: number;
  })[];
}

export interface HostList {
  readonly clusterId: string | null;
  readonly store: 'sqlite' | 'etcd';
  readonly connected: boolean;
  readonly hosts: readonly (HostObject & {
    readonly self: boolean;
    readonly declared: boolean;
    /** Milliseconds. */
    readonly goneMs: number | null;
    readonly blocks: readonly { readonly network: string; readonly cidr: string }[];
    readonly containers: number;
  })[];
}

export interface StoreStatus {
  readonly kind: 'sqlite' | 'etcd';
  readonly connected: boolean;
  readonly clusterId: string | null;
  readonly endpoints: readonly string[];
  /** Changes of this host that are not yet in the store. */
  readonly waiting: number;
  readonly state: 'sqlite' | 'joined' | 'waiting' | 'cut-off' | 'mismatch';
}

export function renderNetworks({ networks }: NetworkList): string {
  const rows = networks.map((network) => [
    network.name,
    network.subnet6 === undefined ? network.subnet : `${network.subnet}, ${network.subnet6}`,
    network.blocks === 'none' ? 'flat' : `/${network.block}`,
    network.vni === undefined ? network.driver : `${network.driver} ${network.vni}`,
    String(network.owned.length),
    String(network.attached),
    network.isDefault ? 'default' : '',
  ]);
  return lines(renderTable([['NETWORK', 'SUBNET', 'BLOCK', 'DRIVER', 'BLOCKS', 'CONTAINERS', ''], ...rows]));
}

export function renderHosts({ hosts, store, connected }: HostList): string {
  const rows = hosts.map((host) => [
    host.self ? `${host.name} *` : host.name,
    host.agentIp ?? '-',
    lifeOf(host),
    host.blocks.map(({ cidr }) => cidr).join(', ') || '-',
    String(host.containers),
    host.id,
  ]);
  const table = renderTable([['HOST', 'ADDRESS', 'STATE', 'BLOCKS', 'CONTAINERS', 'ID'], ...rows]);
  const old = connected ? [] : ['', `${store} is not reached: this is what was known last`];
  return lines([...table, ...old]);
}

function lifeOf({ alive, declared, goneMs }: HostList['hosts'][number]): string {
  if (declared) return 'declared';
  if (alive !== false) return 'alive';
  return goneMs === null ? 'gone' : `gone for ${renderDuration(goneMs / 1_000)}`;
}

export const storeStates: Readonly<Record<StoreStatus['state'], string>> = {
  sqlite: 'a file of this host alone',
  joined: 'joined the cluster',
  waiting: 'the store holds no cluster yet; this host waits before it makes one',
  'cut-off': 'not reached; what was known last is served, and changes wait',
  mismatch: 'the store holds another cluster',
};

export function renderStore({ kind, endpoints, state, clusterId, waiting }: StoreStatus): string {
  const rows = [
    ['store', endpoints.length > 0 ? `${kind} at ${endpoints.join(', ')}` : kind],
    ['state', storeStates[state] ?? state],
    ['cluster', clusterId ?? '-'],
    ['changes waiting', String(waiting)],
  ];
  return lines(renderTable(rows));
}

function lines(rows: readonly string[]): string {
  return `${rows.join('\n')}\n`;
}
