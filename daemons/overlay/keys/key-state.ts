// Pure: this host's keys and what it thinks of the others', for people: public halves alone.
import type { Snapshot } from '../../shared/model/snapshot.ts';
import { type Judgement, shown } from './judge-tunnels.ts';
import type { OwnKeys } from './own-keys.ts';

export interface KeyState {
  /** null: no network has needed keys yet. */
  readonly identity: string | null;
  readonly serial: number;
  /** By use: the key in use, then the announced one. */
  readonly keys: Readonly<Record<string, readonly string[]>>;
  /** Hosts that the announced keys wait for. */
  readonly waitsFor: readonly string[];
  readonly hosts: readonly {
    readonly hostId: string;
    readonly host: string;
    readonly identity: string;
    readonly trusted: boolean;
    /** Why not. */
    readonly reason?: string;
  }[];
}

export function keyState(
  own: OwnKeys | undefined,
  { trusted, refused }: Judgement,
  waitsFor: readonly string[],
  snapshot: Snapshot | undefined,
): KeyState {
  const about = (hostId: string) => ({
    hostId,
    host: snapshot?.get('host', hostId)?.name ?? hostId,
    identity: shown(snapshot?.get('tunnel', hostId)?.identity ?? ''),
  });
  const hosts = [
    ...[...trusted.keys()].map((hostId) => ({ ...about(hostId), trusted: true })),
    ...refused.map(({ hostId, text }) => ({ ...about(hostId), trusted: false, reason: text })),
  ];
  const lists = Object.entries(own?.pairs ?? {}).map(([use, pairs]) => [use, pairs.map((pair) => pair.publicKey)]);
  return {
    identity: own ? shown(own.identity.publicKey) : null,
    serial: own?.serial ?? 0,
    keys: Object.fromEntries(lists),
    waitsFor,
    hosts: hosts.sort((a, b) => (a.host < b.host ? -1 : 1)),
  };
}
