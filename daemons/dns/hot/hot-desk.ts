// The main thread's side of the hot path: answers what the workers could not, and says which replies they may keep, under which
// marks. Works in short slices, so that health, metadata and TCP get their turn whatever comes in.
import type { Ipv4 } from '../../shared/model/ipv4.ts';
import { flag, headerBytes, rcodeName, typeLabel } from '../dns-codes.ts';
import { guardQuery } from '../guard.ts';
import { type Query, readQuery, sizeLimit } from '../query.ts';
import type { Resolved, Resolver } from '../resolver.ts';
import type { Callers } from '../serve-udp.ts';
import type { View } from '../view.ts';
import { commonView } from './admission.ts';
import { encodeHot } from './encoding.ts';
import { FairQueue } from './fair-queue.ts';
import type { HotEntry } from './hot-cache.ts';
import { type HotViews, isOrdinary } from './hot-views.ts';
import type { HitLabels } from './labels.ts';
import type { NotedIndex } from './noted-index.ts';
import { headWords, type Misses } from './protocol.ts';
import { variantBit } from './question.ts';

/** Where a miss came from and goes back to. */
export interface MissPort {
  /** Goes out with the next `flush` at the latest. */
  reply(bytes: Uint8Array, address: Ipv4, port: number): void;
  flush(): void;
  keep(entries: readonly HotEntry[]): void;
}

export interface HotDeskOptions {
  readonly resolver: Pick<Resolver, 'resolve'>;
  readonly index: NotedIndex;
  readonly callers: Callers;
  readonly views: HotViews;
  readonly labels: HitLabels;
  readonly viewOf: (source: Ipv4) => View;
  readonly onReply: (query: Query, resolved: Resolved) => void;
  readonly onDropped: (reason: 'caller' | 'backlog') => void;
}

interface Miss {
  readonly message: Uint8Array;
  readonly source: Ipv4;
  readonly port: number;
  readonly known: boolean;
  readonly from: MissPort;
}

const sliceMs = 4;
/** Seconds for what carries the zone's serial, which counts on without making the reply wrong. */
const negativeSeconds = 10;
/** Forwarded replies go back to the ordinary cache now and then: it decides about refreshing them. */
const longestForwarded = 60;
const forwardedShare = 0.85;
const truncatedSeconds = 1;
const largeSize = 1232;
const plainSize = 512;
const noTtls: readonly number[] = [];

export class HotDesk {
  readonly #options: HotDeskOptions;
  readonly #queue = new FairQueue<Miss>();
  /** Where misses of a slice came from and what may be kept there, told at its end. */
  readonly #made = new Map<MissPort, HotEntry[]>();
  #working = false;

  constructor(options: HotDeskOptions) {
    this.#options = options;
  }

  take(misses: Misses, from: MissPort): void {
    const { heads, bytes } = misses;
    for (let at = 0; at + headWords <= heads.length; at += headWords) {
      const source = (heads[at + 2]! >>> 0) as Ipv4;
      const message = bytes.subarray(heads[at]!, heads[at]! + heads[at + 1]!);
      const miss: Miss = { message, source, port: heads[at + 3]!, known: heads[at + 4] === 0, from };
      const taken = this.#queue.push(source, miss);
      if (!taken) this.#options.onDropped('backlog');
    }
    this.#begin();
  }

  #begin(): void {
    if (this.#working || this.#queue.size === 0) return;
    this.#working = true;
    setImmediate(() => {
      const until = performance.now() + sliceMs;
      do {
        const miss = this.#queue.shift();
        if (!miss) break;
        if (miss.known || this.#options.callers.allows(miss.source)) this.#answer(miss);
        else void this.#answerAfterLook(miss);
      } while (performance.now() < until);
      this.#deliver();
      this.#working = false;
      this.#begin();
    });
  }

  #deliver(): void {
    for (const [from, entries] of this.#made) {
      from.flush();
      if (entries.length > 0) from.keep(entries);
    }
    this.#made.clear();
  }

  async #answerAfterLook(miss: Miss): Promise<void> {
    if (await this.#options.callers.allowsAfterLook(miss.source)) {
      this.#answer(miss);
      this.#deliver();
    } else this.#options.onDropped('caller');
  }

  #answer(miss: Miss): void {
    const shape = guardQuery(miss.message);
    if (shape.verdict !== 'sound') return;
    const query = readQuery(miss.message, shape, 'udp');
    const { resolver, index } = this.#options;
    const { result, marks } = index.noting(() => resolver.resolve(query, miss.source));
    if (result instanceof Promise) {
      void result.then((late) => {
        this.#send(miss, query, late);
        miss.from.flush();
      });
      return;
    }
    this.#send(miss, query, result);
    const entry = this.#entryFor(miss, query, result, marks);
    const made = this.#made.get(miss.from) ?? [];
    if (entry) made.push(entry);
    this.#made.set(miss.from, made);
  }

  #send({ from, source, port }: Miss, query: Query, resolved: Resolved): void {
    this.#options.onReply(query, resolved);
    from.reply(resolved.bytes, source, port);
  }

  /** The reply as a worker may keep it; undefined for what is not for others, or not for later. */
  #entryFor(miss: Miss, query: Query, resolved: Resolved, marks: readonly string[]): HotEntry | undefined {
    const { views, labels, viewOf } = this.#options;
    const encoding = encodeHot(resolved.bytes, query.question.length + headerBytes);
    const usual = encoding && secondsOf(resolved, encoding.answerTtl);
    // Of what does not fit, others are sent a moment later.
    const seconds = encoding?.truncated ? Math.min(usual ?? 0, truncatedSeconds) : usual;
    if (!encoding || !seconds) return undefined;
    // A client in between may take more than the one that this was cut for.
    if (encoding.truncated && ![plainSize, largeSize].includes(sizeLimit(query))) return undefined;
    if (encoding.truncated && query.edns && query.edns.size < largeSize) return undefined;
    const { flags, counts, tails, ttls } = encoding;
    const forwarded = resolved.path === 'cache';
    const shared = resolved.path === 'local' && isOrdinary(viewOf(miss.source));
    return {
      flags,
      counts,
      tails,
      ttls: forwarded ? ttls : noTtls,
      question: query.question,
      view: shared ? commonView : views.idOf(miss.source),
      variant: variantOf(query),
      shared,
      marks,
      seconds,
      label: labels.idOf({ type: typeLabel(query.type), rcode: rcodeName(resolved.rcode), path: resolved.path }),
    };
  }
}

/** How long the reply may be kept: 0 for not at all. */
function secondsOf({ path, rcode }: Resolved, answerTtl: number | undefined): number {
  if (path === 'local' || path === 'search') {
    if (rcode !== 0 && rcode !== 3) return 0;
    return answerTtl === undefined || rcode === 3 ? negativeSeconds : Number.POSITIVE_INFINITY;
  }
  if (path !== 'cache' || rcode !== 0 || answerTtl === undefined) return 0;
  return Math.min(longestForwarded, Math.floor(answerTtl * forwardedShare));
}

function variantOf(query: Query): number {
  const edns = query.edns ? variantBit.edns : 0;
  const large = query.edns && query.edns.size >= largeSize ? variantBit.large : 0;
  const dnssec = query.edns?.wantsDnssec ? variantBit.dnssec : 0;
  return (
    (query.flags & flag.RD ? variantBit.rd : 0) | (query.flags & flag.CD ? variantBit.cd : 0) | edns | large | dnssec
  );
}
