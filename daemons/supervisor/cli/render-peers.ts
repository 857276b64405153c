// Pure: the other hosts of the cluster as the overlay reaches them, and the store, for people.
import { type StoreStatus, storeStates } from './render-cluster.ts';
import { renderDuration } from './render-status.ts';
import { renderTable } from './render-table.ts';

/** As `GET /v1/peers` of overlay tells it. */
export interface Peer {
  readonly network: string;
  readonly hostId: string;
  readonly host: string;
  readonly address: string;
  readonly driver: string;
  readonly state: 'up' | 'down' | 'unknown';
  readonly lastReplyMs: number | null;
  readonly rttMs: number | null;
  /** False: small packets pass and full-size ones do not. */
  readonly mtuOk: boolean | null;
  /** Wall time at which the state began. */
  readonly since: string;
  /** Of a secret driver; absent in answers of former versions. */
  readonly tunnel?: Tunnel | null;
}

/** Times in milliseconds. */
export interface Tunnel {
  readonly state: 'established' | 'connecting' | 'none';
  readonly lastRekeyMs: number | null;
  readonly rxBytes: number;
  readonly txBytes: number;
}

/** Beyond this only those that are not well are listed. */
const mostPeers = 20;

/** @param now wall time, ms since the epoch */
export function renderPeers(peers: readonly Peer[], now: number): string {
  if (peers.length === 0) return '';
  const isWell = ({ state, mtuOk }: Peer): boolean => state === 'up' && mtuOk !== false;
  const faulty = peers.filter((peer) => !isWell(peer));
  const listed = (peers.length <= mostPeers ? peers : faulty).slice(0, mostPeers);
  const rows = listed.map((peer) => [
    peer.host,
    peer.network,
    peer.address,
    peer.mtuOk === false ? `${peer.state}, full-size packets are lost` : peer.state,
    peer.rttMs === null ? '-' : `${peer.rttMs.toFixed(2)} ms`,
    sinceOf(peer, now),
  ]);
  const table = rows.length > 0 ? renderTable([['PEER', 'NETWORK', 'ADDRESS', 'STATE', 'RTT', 'SINCE'], ...rows]) : [];
  const rest = peers.length - listed.length;
  const note = rest > 0 ? [`${peers.length - faulty.length} of ${peers.length} peers are up`] : [];
  return `\n${[...table, ...note].join('\n')}\n${renderTunnels(listed)}`;
}

/** What secret drivers know, a line for each of the listed peers that has a tunnel. */
function renderTunnels(peers: readonly Peer[]): string {
  const rows = peers.flatMap(({ host, network, driver, tunnel }) => {
    if (!tunnel) return [];
    const age = tunnel.lastRekeyMs === null ? 'never' : `${renderDuration(tunnel.lastRekeyMs / 1_000)} ago`;
    return [[host, network, driver, tunnel.state, age, renderBytes(tunnel.rxBytes), renderBytes(tunnel.txBytes)]];
  });
  if (rows.length === 0) return '';
  const head = ['TUNNEL', 'NETWORK', 'DRIVER', 'SESSION', 'KEYS AGREED', 'RECEIVED', 'SENT'];
  return `\n${renderTable([head, ...rows]).join('\n')}\n`;
}

function renderBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1_000 && unit < units.length - 1; unit += 1) value /= 1_000;
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

function sinceOf({ since }: Peer, now: number): string {
  const began = Date.parse(since);
  return Number.isNaN(began) ? '-' : renderDuration(Math.max(0, now - began) / 1_000);
}

/** One line for a store that hosts share; nothing for a host's own file. */
export function renderStoreLine({ kind, endpoints, state, waiting }: StoreStatus): string {
  if (kind === 'sqlite') return '';
  const late = waiting > 0 ? `; ${waiting} changes wait` : '';
  return `\nstore: ${kind} at ${endpoints.join(', ')}: ${storeStates[state] ?? state}${late}\n`;
}
