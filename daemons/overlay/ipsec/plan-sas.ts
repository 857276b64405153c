// Pure: what to ask of charon so that every wanted child has a security association. A new one is made before an old one ends.
import type { ChildSa, IkeSa } from './parse-sas.ts';
import { ownPrefix, type WantChild, type WantConnection } from './want-connections.ts';

export type SaStep =
  | { readonly do: 'initiate'; readonly connection: string; readonly child: string }
  | { readonly do: 'end-ike'; readonly id: string; readonly name: string }
  | { readonly do: 'end-child'; readonly id: string; readonly name: string };

/** When something was first missing, tried, or first seen to be too much; ms of the monotonic clock. */
export interface Memory {
  /** By connection and child. */
  readonly missing: ReadonlyMap<string, { readonly since: number; readonly triedAt: number | undefined }>;
  /** By number of the IKE SA. */
  readonly surplus: ReadonlyMap<string, number>;
}

export const blank: Memory = { missing: new Map(), surplus: new Map() };

/** What is certain of charon now. */
export interface Ground {
  /** ms of the monotonic clock. */
  readonly now: number;
  /** False: nothing is ended. */
  readonly complete: boolean;
  /** charon has forgotten everything, and peers send to what is no more: nobody waits for the other to begin. */
  readonly isFresh: boolean;
}

/** The one that begins tries at once and then this often. */
const retryMs = 5_000;
/** While it is news: when a network becomes secret the peer may not have been told yet, and refuses at once. */
const soonMs = 1_000;
const newsMs = 10_000;
/** The other one waits: its peer may be unable to reach it first, behind a NAT for example. */
const fallbackMs = 4_000;
/** An association of former keys or addresses may carry on until its follower stands, but not for ever. */
const graceMs = 60_000;
/** What carries now carries on for this long beside its follower, for packets under way. */
const overlapSeconds = 5;
/** Of two for one charon itself ends one after 10 s, if it saw both; what is left is ours. */
const twinSeconds = 15;
/** Handshakes at the same time; hundreds of peers at once would only wait for each other. */
const mostConnecting = 32;
/** One that takes longer waits for a peer that is not there, for ever if need be: it keeps no other from beginning. */
const handshakeMs = 10_000;

export interface SaPlan {
  readonly steps: readonly SaStep[];
  readonly memory: Memory;
}

export function planSas(
  wants: readonly WantConnection[],
  have: readonly IkeSa[],
  memory: Memory,
  { now, complete, isFresh }: Ground,
): SaPlan {
  const steps: SaStep[] = [];
  const missing = new Map<string, { since: number; triedAt: number | undefined }>();
  const byName = Map.groupBy(have, ({ name }) => name);
  let connecting = wants.filter((want) => isMet(want, byName.get(want.name) ?? [], memory.missing, now)).length;
  for (const want of wants) {
    const own = byName.get(want.name) ?? [];
    for (const child of want.children) {
      const sas = installed(own, child.name);
      if (want.initiates) steps.push(...surplusChildren(sas, child));
      if (sas.some((sa) => isWhole(sa, child))) continue;
      const key = keyOf(want, child);
      const before = memory.missing.get(key) ?? { since: now, triedAt: undefined };
      const pause = now - before.since < newsMs ? soonMs : retryMs;
      const due =
        want.initiates || isFresh
          ? before.triedAt === undefined || now - before.triedAt >= pause
          : now - Math.max(before.since, before.triedAt ?? 0) >= fallbackMs;
      if (due && !own.some(isConnecting) && connecting < mostConnecting) {
        connecting += 1;
        steps.push({ do: 'initiate', connection: want.name, child: child.name });
        missing.set(key, { since: before.since, triedAt: now });
      } else missing.set(key, before);
    }
  }
  const surplus = new Map<string, number>();
  if (complete) steps.push(...surplusIkes(wants, byName, memory.surplus, surplus, now));
  return { steps, memory: { missing, surplus } };
}

function keyOf(want: WantConnection, child: WantChild): string {
  return `${want.name} ${child.name}`;
}

/** A handshake is under way that may still succeed. */
function isMet(want: WantConnection, own: readonly IkeSa[], missing: Memory['missing'], now: number): boolean {
  if (!own.some(isConnecting)) return false;
  return want.children.some((child) => {
    const known = missing.get(keyOf(want, child));
    return known === undefined || now - (known.triedAt ?? known.since) < handshakeMs;
  });
}

export function isConnecting({ state }: IkeSa): boolean {
  return state === 'CONNECTING' || state === 'CREATED';
}

/** Those that carry packets now: being rekeyed they still do. */
export function installed(ikes: readonly IkeSa[], child: string): ChildSa[] {
  return ikes.flatMap(({ state, children }) =>
    state === 'ESTABLISHED' || state === 'REKEYING' || state === 'PASSIVE'
      ? children.filter((one) => one.name === child && (one.state === 'INSTALLED' || one.state === 'REKEYING'))
      : [],
  );
}

/** With all selectors: the peer may have agreed to a part, before it knew of the rest. */
export function isWhole({ localTs, remoteTs }: ChildSa, want: WantChild): boolean {
  return sameTexts(localTs, want.localTs) && sameTexts(remoteTs, want.remoteTs);
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && [...a].sort().every((text, at) => text === [...b].sort()[at]);
}

/** Selectors that changed leave the former association behind. */
function surplusChildren(sas: readonly ChildSa[], child: WantChild): SaStep[] {
  const whole = sas.filter((sa) => isWhole(sa, child) && sa.age >= overlapSeconds);
  if (whole.length === 0) return [];
  return sas.filter((sa) => !isWhole(sa, child)).map(({ id, name }) => ({ do: 'end-child', id, name }));
}

/** Those of connections that are not wanted any more, and attempts at a peer that came by itself from elsewhere. */
function surplusIkes(
  wants: readonly WantConnection[],
  byName: ReadonlyMap<string, readonly IkeSa[]>,
  before: Memory['surplus'],
  after: Map<string, number>,
  now: number,
): SaStep[] {
  const byHost = new Map(wants.map((want) => [want.hostId, want]));
  const byWanted = new Map(wants.map((want) => [want.name, want]));
  const steps: SaStep[] = [];
  for (const [name, ikes] of byName) {
    if (!name.startsWith(ownPrefix)) continue;
    const wanted = byWanted.get(name);
    const follower = wanted ?? byHost.get(hostOf(name));
    if (wanted?.initiates) steps.push(...surplusTwins(wanted, ikes));
    const stands = follower !== undefined && isUp(follower, byName.get(follower.name) ?? [], overlapSeconds);
    for (const ike of ikes) {
      const { id } = ike;
      if (wanted && !(stands && isConnecting(ike))) continue;
      const since = before.get(id) ?? now;
      const isOver = wanted ? now - since >= handshakeMs : !follower || stands || now - since >= graceMs;
      if (isOver) steps.push({ do: 'end-ike', id, name });
      else after.set(id, since);
    }
  }
  return steps;
}

/** Both ends may have begun in the same instant, and both succeeded. The kernel sends by the youngest; one end alone tidies up. */
function surplusTwins(want: WantConnection, ikes: readonly IkeSa[]): SaStep[] {
  const whole = ikes.filter((ike) => isUp(want, [ike], twinSeconds));
  const [, ...older] = whole.sort((a, b) => Number(b.id) - Number(a.id));
  return older.map(({ id }) => ({ do: 'end-ike', id, name: want.name }));
}

/** Every child stands, and has stood for `seconds`. */
export function isUp(want: WantConnection, own: readonly IkeSa[], seconds = 0): boolean {
  return want.children.every((child) =>
    installed(own, child.name).some((sa) => isWhole(sa, child) && sa.age >= seconds),
  );
}

function hostOf(name: string): string {
  return name.slice(ownPrefix.length, ownPrefix.length + 36);
}
