// Pure: a reply as the hot path keeps it: what follows the question, in a few orders of its addresses, and where its TTLs are.
// Header and question are those of the query that is answered, so the client finds its own id and its own letter case; names
// behind them point into the question and take its case too.
import { flag, headerBytes, rrType } from '../dns-codes.ts';
import { u16 } from '../guard.ts';
import { type RecordAt, readReply } from '../read-reply.ts';

export interface HotEncoding {
  /** The header's second word, with the RD bit of the query that the reply was made for. */
  readonly flags: number;
  /** Numbers of answers, authority and additional records: the header's last six bytes. */
  readonly counts: Uint8Array;
  /** The rest of the reply, at least one. */
  readonly tails: readonly Uint8Array[];
  /** Offsets of TTLs, from the start of a tail. */
  readonly ttls: readonly number[];
  /** The smallest TTL of the answer section in seconds, undefined without answers. */
  readonly answerTtl: number | undefined;
  readonly truncated: boolean;
}

/** Bytes that all orders of one reply may have; a longer list of addresses has fewer orders. */
const maxRotatedBytes = 8_192;

/** Undefined if the reply is not sound, or has another question section than the query. */
export function encodeHot(reply: Uint8Array, questionEnd: number): HotEncoding | undefined {
  const shape = readReply(reply);
  if (!shape || shape.questionEnd !== questionEnd) return undefined;
  const tail = copy(reply.subarray(questionEnd));
  const answers: RecordAt[] = [];
  const ttls: number[] = [];
  let answerTtl: number | undefined;
  for (const record of shape.records) {
    if (record.type !== rrType.OPT) ttls.push(record.ttlAt - questionEnd);
    if (record.section !== 'answer') continue;
    answers.push(record);
    answerTtl = Math.min(answerTtl ?? record.ttl, record.ttl);
  }
  return {
    flags: u16(reply, 2),
    counts: copy(reply.subarray(6, headerBytes)),
    tails: rotations(tail, questionEnd, answers),
    ttls,
    answerTtl,
    truncated: (u16(reply, 2) & flag.TC) !== 0,
  };
}

/** Bytes of their own: a part of a pooled buffer would take the whole pool with it to the other thread. */
function copy(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

/**
 * The orders in which the last run of addresses goes out, each address first in one of them, so that clients that take the
 * first are spread evenly; records before the run (CNAMEs) and behind it stay where they are.
 */
function rotations(tail: Uint8Array, questionEnd: number, answers: readonly RecordAt[]): Uint8Array[] {
  if (answers.length < 2) return [tail];
  let first = answers.length;
  while (first > 0 && isLikeLast(answers[first - 1]!, answers.at(-1)!)) first -= 1;
  const run = answers.length - first;
  if (run < 2) return [tail];
  const from = answers[first]!.start - questionEnd;
  const size = answers[first]!.end - answers[first]!.start;
  const orders = Math.max(1, Math.min(run, Math.floor(maxRotatedBytes / tail.length)));
  return Array.from({ length: orders }, (_, order) => {
    const shift = Math.floor((order * run) / orders) * size;
    const rotated = copy(tail);
    rotated.set(tail.subarray(from + shift, from + run * size), from);
    rotated.set(tail.subarray(from, from + shift), from + run * size - shift);
    return rotated;
  });
}

/** Addresses of one owner, written alike, so that they may change places. */
function isLikeLast(record: RecordAt, last: RecordAt): boolean {
  const alike = record.type === last.type && record.owner === last.owner;
  return alike && isAddress(record.type) && record.end - record.start === last.end - last.start;
}

function isAddress(type: number): boolean {
  return type === rrType.A || type === rrType.AAAA;
}
