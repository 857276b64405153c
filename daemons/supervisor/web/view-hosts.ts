// Pure: hosts and the tunnels to them, the lost ones first.
import type { HostObject } from '../../shared/model/objects.ts';
import type { Peer } from '../cli/render-peers.ts';
import { byText, type Filter, fewOf } from './few.ts';
import type { Facts, Few, HostState, HostView, TunnelView } from './view-types.ts';

export const mostHosts = 100;
const mostTunnels = 100;
const mostBlocks = 4;

/** A host without its containers, which are counted elsewhere. */
export type Judged = Omit<HostView, 'running' | 'unwell' | 'stopped'>;

/** What is known of each host; all of them, in no order. */
export function judgeHosts(facts: Facts): Judged[] {
  const { snapshot, peers, hosts, hostsAt } = facts;
  if (!snapshot) return [];
  const tunnels = Map.groupBy(peers ?? [], ({ hostId }) => hostId);
  const blocks = Map.groupBy(snapshot.all('block'), ({ hostId }) => hostId);
  const details = new Map((hosts?.hosts ?? []).map((host) => [host.id, host] as const));
  return [...snapshot.all('host')].map((host): Judged => {
    const ways = tunnels.get(host.id) ?? [];
    const isSelf = host.id === snapshot.hostId;
    const goneMs = details.get(host.id)?.goneMs ?? null;
    const answering = ways.flatMap(({ state, rttMs }) => (state === 'up' && rttMs !== null ? [rttMs] : []));
    const state = isSelf ? 'well' : stateOf(host, ways);
    return {
      id: host.id,
      name: host.name,
      address: host.agentIp,
      isSelf,
      state,
      since: sinceOf(state, ways, goneMs === null ? null : wholeSecond(hostsAt - goneMs)),
      rttMs: answering.length > 0 ? Math.min(...answering) : null,
      blocks: (blocks.get(host.id) ?? []).slice(0, mostBlocks).map(({ cidr }) => cidr),
    };
  });
}

function stateOf({ alive, vtepMac }: HostObject, ways: readonly Peer[]): HostState {
  if (alive === false) return 'gone';
  const down = ways.filter(({ state }) => state === 'down').length;
  if (down > 0) return down === ways.length ? 'lost' : 'part';
  return vtepMac === undefined && ways.length === 0 ? 'declared' : 'well';
}

/** The first sign of the loss: a tunnel is found silent before a lease runs out, or the other way round. */
function sinceOf(state: HostState, ways: readonly Peer[], goneAt: number | null): number | null {
  if (state === 'well' || state === 'declared') return null;
  const silent = ways.flatMap(({ state, since }) => (state === 'down' ? [timeOf(since) ?? Infinity] : []));
  const first = Math.min(...silent, goneAt ?? Infinity);
  return first === Infinity ? null : first;
}

const severity: Readonly<Record<HostState, number>> = { gone: 0, lost: 0, part: 1, well: 2, declared: 3 };

export function viewHosts(hosts: readonly HostView[], filter?: Filter): Few<HostView> {
  const compare = (a: HostView, b: HostView): number =>
    severity[a.state] - severity[b.state] || Number(b.isSelf) - Number(a.isSelf) || byText(a.name, b.name);
  return fewOf(hosts, mostHosts, compare, filter, ({ name, address, blocks }) => [name, address, ...blocks]);
}

const tunnelSeverity: Readonly<Record<Peer['state'], number>> = { down: 0, unknown: 2, up: 3 };

export function viewTunnels({ peers, peersAt }: Pick<Facts, 'peers' | 'peersAt'>, filter?: Filter): Few<TunnelView> {
  const tunnels = (peers ?? []).map((peer): TunnelView => {
    const { host, network, driver, address, state, rttMs } = peer;
    const isTooSmall = state === 'up' && peer.mtuOk === false;
    const session = sessionOf(peer, peersAt);
    return { host, network, driver, address, state, since: timeOf(peer.since), rttMs, isTooSmall, session };
  });
  const rank = ({ state, isTooSmall }: TunnelView): number => (isTooSmall ? 1 : tunnelSeverity[state]);
  const compare = (a: TunnelView, b: TunnelView): number =>
    rank(a) - rank(b) || byText(a.host, b.host) || byText(a.network, b.network);
  return fewOf(tunnels, mostTunnels, compare, filter, ({ host, network, address, driver }) => [
    host,
    network,
    address,
    driver,
  ]);
}

function sessionOf({ tunnel }: Peer, at: number): TunnelView['session'] {
  if (!tunnel) return null;
  const { state, lastRekeyMs } = tunnel;
  return { state, rekeyedAt: lastRekeyMs === null ? null : wholeSecond(at - lastRekeyMs) };
}

/** To the second: the daemons reckon it anew at each answer, a little differently each time. */
export function wholeSecond(ms: number): number {
  return Math.round(ms / 1_000) * 1_000;
}

function timeOf(text: string): number | null {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : wholeSecond(ms);
}
