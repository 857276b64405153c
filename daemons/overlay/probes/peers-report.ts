// Pure: what health and readers are told of the peers.
import type { Session } from '../driver.ts';
import type { Statement } from '../overlay-health.ts';
import type { PeerView } from './peer-book.ts';
import type { ProbeTarget } from './targets.ts';

/** One peer of one network, as `GET /v1/peers` shows it. */
export interface PeerReport {
  readonly network: string;
  readonly hostId: string;
  readonly host: string;
  /** Outer address. */
  readonly address: string;
  readonly driver: string;
  /** `unknown`: not probed yet, or it has no address in the network that could answer. */
  readonly state: 'up' | 'down' | 'unknown';
  /** How long ago the last answer came; null: never. */
  readonly lastReplyMs: number | null;
  /** Of the last answer. */
  readonly rttMs: number | null;
  /** Packets of full size pass; null: not tried yet. */
  readonly mtuOk: boolean | null;
  /** Wall time at which `state` began. */
  readonly since: string;
  /** What a secret driver knows of the way; null: nothing, or the driver has no sessions. */
  readonly tunnel: TunnelReport | null;
}

/** Times in milliseconds. */
export type TunnelReport = Omit<Session, 'network' | 'hostId'>;

export interface Moment {
  /** Of the monotonic clock that the views use. */
  readonly now: number;
  /** Milliseconds since the epoch at the same moment. */
  readonly wall: number;
}

export function reportPeers(
  views: readonly PeerView<ProbeTarget>[],
  { now, wall }: Moment,
  sessions: readonly Session[] = [],
): PeerReport[] {
  const byPeer = new Map(sessions.map(({ network, hostId, ...rest }) => [`${network}/${hostId}`, rest]));
  const reports = views.map(({ target, state, since, lastReply, rttMs, mtuOk }): PeerReport => {
    const { network, hostId, host, address, driver } = target;
    return {
      network,
      hostId,
      host,
      address,
      driver,
      state,
      lastReplyMs: lastReply === undefined ? null : Math.round(now - lastReply),
      rttMs: rttMs === undefined ? null : Math.round(rttMs * 1_000) / 1_000,
      mtuOk: mtuOk ?? null,
      since: new Date(wall - (now - since)).toISOString(),
      tunnel: byPeer.get(`${network}/${hostId}`) ?? null,
    };
  });
  return reports.sort(
    (a, b) => compare(a.network, b.network) || compare(a.host, b.host) || compare(a.hostId, b.hostId),
  );
}

/** Lost peers are no fault of this host: they never make it unready. */
export function stateOfPeers(views: readonly PeerView<ProbeTarget>[]): Statement {
  const down = views.filter(({ state }) => state === 'down');
  if (down.length > 0) {
    const all =
      down.length === views.length ? `none of ${views.length} peers answers: ` : 'no answer through the overlay: ';
    return { ok: false, degradesOnly: true, code: 'PEER_LOST', text: `${all}${namesOf(down)}` };
  }
  const answering = views.filter(({ state }) => state === 'up').length;
  return {
    ok: true,
    degradesOnly: true,
    text: views.length === 0 ? 'no peers' : `${answering} of ${views.length} peers answer`,
  };
}

export function stateOfSizes(views: readonly PeerView<ProbeTarget>[]): Statement {
  const small = views.filter(({ state, mtuOk }) => state === 'up' && mtuOk === false);
  if (small.length === 0) return { ok: true, degradesOnly: true, text: 'packets of full size pass' };
  const text = `packets of full size do not reach ${namesOf(small)}`;
  return { ok: false, degradesOnly: true, code: 'PATH_TOO_SMALL', text };
}

const mostNames = 5;

function namesOf(views: readonly PeerView<ProbeTarget>[]): string {
  const names = new Set(views.map(({ target }) => target.host));
  const first: string[] = [];
  for (const name of names) {
    if (first.length === mostNames && name > first.at(-1)!) continue;
    first.push(name);
    first.sort();
    first.length = Math.min(first.length, mostNames);
  }
  const told = first.join(', ');
  return names.size > mostNames ? `${told} and ${names.size - mostNames} more` : told;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
