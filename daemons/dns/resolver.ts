// The way of a question through the daemon: guard, answer from what we know, else forward. Local answers are made at once, in
// the caller's turn; only what has to wait returns a promise.
import { type Ip, renderIp } from '../shared/model/ip.ts';
import { type AnswerSettings, answer, type Chase, finishChase, unknownYet } from './answer.ts';
import { rcode } from './dns-codes.ts';
import { encodeRefusal, encodeReply } from './encode-reply.ts';
import type { Forwarded, ForwardedReply, Forwarder } from './forward.ts';
import { guardQuery } from './guard.ts';
import type { LoopProbe } from './loop-probe.ts';
import type { NameIndex } from './name-index.ts';
import type { Note } from './note.ts';
import { makeQuery, type Query, readQuery, type Transport } from './query.ts';
import { answersOf, readReply } from './read-reply.ts';
import { bareReply, type Reply } from './records.ts';
import { relayTo } from './relay-reply.ts';
import type { View } from './view.ts';

export type Path = 'local' | 'search' | 'cache' | 'forward' | 'stale' | 'refused';

export interface Resolved {
  readonly bytes: Uint8Array;
  readonly path: Path;
  readonly rcode: number;
}

type Now<T> = T | Promise<T>;

export interface ResolverOptions {
  readonly index: NameIndex;
  readonly settings: AnswerSettings;
  readonly forwarder: Forwarder;
  readonly probe: Pick<LoopProbe, 'sees'>;
  readonly viewOf: (source: Ip) => View;
  /** Told of each reply that goes out. */
  readonly onReply: (query: Query, resolved: Resolved) => void;
  /** Told of bytes that no answer, or only a header, is given to. */
  readonly onMalformed: () => void;
  /** How long a question of the zone waits for the first snapshot, ms. */
  readonly snapshotWaitMs: number;
}

/** Questions held at once for the first snapshot. */
const maxHeld = 1_000;

export class Resolver {
  readonly #options: ResolverOptions;
  readonly #held = new Set<() => void>();

  constructor(options: ResolverOptions) {
    this.#options = options;
  }

  /** The reply to a message from a client, or nothing for what deserves none. */
  handle(packet: Uint8Array, source: Ip, transport: Transport): Now<Uint8Array | undefined> {
    const shape = guardQuery(packet);
    if (shape.verdict !== 'sound') {
      this.#options.onMalformed();
      return shape.verdict === 'drop' ? undefined : encodeRefusal(packet, shape.rcode);
    }
    const query = readQuery(packet, shape, transport);
    const resolved = this.resolve(query, source);
    if (!(resolved instanceof Promise)) return this.#sent(query, resolved);
    return resolved.then((late) => this.#sent(query, late));
  }

  /** As `handle`, for a question that is known to be sound; `note` is told which rules were tried. */
  resolve(query: Query, source: Ip, note?: Note): Now<Resolved> {
    const { index, settings, probe, viewOf } = this.#options;
    if (probe.sees(query.name)) return own(query, bareReply(rcode.NXDOMAIN), 'refused');
    const view = viewOf(source);
    note?.(describeClient(index, view, source));
    const decision = answer(query, view, index, settings, note);
    switch (decision.do) {
      case 'reply':
        return own(query, decision.reply, decision.path);
      case 'chase':
        return this.#chase(query, decision, view, note);
      case 'wait':
        return this.#wait(query, source, note);
      case 'forward':
        return this.#forward(query, view, note);
      default: {
        const never: never = decision;
        throw never;
      }
    }
  }

  /** The first snapshot is there: held questions go on. */
  release(): void {
    for (const go of [...this.#held]) go();
  }

  #sent(query: Query, resolved: Resolved): Uint8Array {
    this.#options.onReply(query, resolved);
    return resolved.bytes;
  }

  #forward(query: Query, view: View, note?: Note): Now<Resolved> {
    note?.('no rule of this host fits: it is passed on');
    const { forwarder } = this.#options;
    const cached = forwarder.cached(query, view.upstreams, note);
    if (cached) return relayed(query, cached);
    return forwarder.forward(query, view.upstreams, note).then((forwarded) => relayed(query, forwarded));
  }

  async #chase(query: Query, chase: Chase, view: View, note?: Note): Promise<Resolved> {
    note?.(`${chase.target} is outside: it is passed on`);
    const asked = makeQuery(chase.target, query.type);
    const forwarded = asked && (await this.#options.forwarder.forward(asked, view.upstreams, note));
    if (forwarded?.outcome !== 'reply') return own(query, finishChase(chase, undefined), chase.path);
    const message = relayTo(asked!, forwarded.reply, ageOf(forwarded));
    const shape = readReply(message);
    const found = shape && { rcode: shape.rcode, records: answersOf(message, shape, query.type) };
    return own(query, finishChase(chase, found), chase.path);
  }

  async #wait(query: Query, source: Ip, note?: Note): Promise<Resolved> {
    const { index, snapshotWaitMs } = this.#options;
    note?.('metadata has told nothing yet: its first snapshot is waited for');
    if (this.#held.size < maxHeld) {
      await new Promise<void>((resolve) => {
        const go = (): void => {
          this.#held.delete(go);
          clearTimeout(timer);
          resolve();
        };
        const timer = setTimeout(go, snapshotWaitMs);
        this.#held.add(go);
      });
    }
    return index.ready ? this.resolve(query, source, note) : own(query, unknownYet(index), 'local');
  }
}

function describeClient(index: NameIndex, view: View, source: Ip): string {
  const name = index.clientAt(source)?.name;
  const who = name === undefined ? 'no container of this host' : `the container ${name}`;
  return `asked from ${renderIp(source)}, ${who}; suffixes: ${view.suffixes.join(', ')}`;
}

function own(query: Query, reply: Reply, path: Path): Resolved {
  return { bytes: encodeReply(query, reply), path, rcode: reply.rcode };
}

function relayed(query: Query, forwarded: Forwarded): Resolved {
  if (forwarded.outcome === 'busy') return own(query, bareReply(rcode.REFUSED), 'refused');
  if (forwarded.outcome === 'failed') return own(query, bareReply(rcode.SERVFAIL), 'forward');
  const { reply, path } = forwarded;
  return { bytes: relayTo(query, reply, ageOf(forwarded)), path, rcode: reply.rcode };
}

function ageOf({ path, ageSeconds }: ForwardedReply): number | 'stale' {
  return path === 'stale' ? 'stale' : ageSeconds;
}
