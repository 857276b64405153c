// The way of a question through the daemon: guard, answer from what we know, else forward. Local answers are made at once, in
// the caller's turn; only what has to wait returns a promise.
import type { Ipv4 } from '../shared/model/ipv4.ts';
import { type AnswerSettings, answer, type Chase, finishChase, unknownYet } from './answer.ts';
import { rcode } from './dns-codes.ts';
import { encodeRefusal, encodeReply } from './encode-reply.ts';
import type { Forwarded, Forwarder } from './forward.ts';
import { guardQuery } from './guard.ts';
import type { LoopProbe } from './loop-probe.ts';
import type { NameIndex } from './name-index.ts';
import { makeQuery, type Query, readQuery, type Transport } from './query.ts';
import { answersOf, readReply } from './read-reply.ts';
import { bareReply, type Reply } from './records.ts';
import { relayTo } from './relay-reply.ts';
import type { View } from './view.ts';

export type Path = 'local' | 'search' | 'cache' | 'forward' | 'refused';

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
  readonly viewOf: (source: Ipv4) => View;
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
  handle(packet: Uint8Array, source: Ipv4, transport: Transport): Now<Uint8Array | undefined> {
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

  /** As `handle`, for a question that is known to be sound. */
  resolve(query: Query, source: Ipv4): Now<Resolved> {
    const { index, settings, probe, viewOf } = this.#options;
    if (probe.sees(query.name)) return own(query, bareReply(rcode.NXDOMAIN), 'refused');
    const decision = answer(query, viewOf(source), index, settings);
    switch (decision.do) {
      case 'reply':
        return own(query, decision.reply, decision.path);
      case 'chase':
        return this.#chase(query, decision);
      case 'wait':
        return this.#wait(query, source);
      case 'forward':
        return this.#forward(query);
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

  #forward(query: Query): Now<Resolved> {
    const cached = this.#options.forwarder.cached(query);
    if (cached) return relayed(query, cached);
    return this.#options.forwarder.forward(query).then((forwarded) => relayed(query, forwarded));
  }

  async #chase(query: Query, chase: Chase): Promise<Resolved> {
    const asked = makeQuery(chase.target, query.type);
    const forwarded = asked && (await this.#options.forwarder.forward(asked));
    if (forwarded?.outcome !== 'reply') return own(query, finishChase(chase, undefined), chase.path);
    const message = relayTo(asked!, forwarded.reply, forwarded.ageSeconds);
    const shape = readReply(message);
    const found = shape && { rcode: shape.rcode, records: answersOf(message, shape, query.type) };
    return own(query, finishChase(chase, found), chase.path);
  }

  async #wait(query: Query, source: Ipv4): Promise<Resolved> {
    const { index, snapshotWaitMs } = this.#options;
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
    return index.ready ? this.resolve(query, source) : own(query, unknownYet(index), 'local');
  }
}

function own(query: Query, reply: Reply, path: Path): Resolved {
  return { bytes: encodeReply(query, reply), path, rcode: reply.rcode };
}

function relayed(query: Query, forwarded: Forwarded): Resolved {
  if (forwarded.outcome === 'busy') return own(query, bareReply(rcode.REFUSED), 'refused');
  if (forwarded.outcome === 'failed') return own(query, bareReply(rcode.SERVFAIL), 'forward');
  const { reply, ageSeconds, path } = forwarded;
  return { bytes: relayTo(query, reply, ageSeconds), path, rcode: reply.rcode };
}
