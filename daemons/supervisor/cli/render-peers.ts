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
  return `\n${[...table, ...note].join('\n')}\n`;
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
