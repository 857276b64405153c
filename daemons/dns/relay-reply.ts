// Pure: an upstream's reply made fit for a cache and for one client. Codes and records stay as they are; what is between two
// neighbours only is replaced: the id, the question's spelling, the OPT record (RFC 6891 section 6.1.1).
import { flag, headerBytes, rrType } from './dns-codes.ts';
import { encodeOpt } from './encode-reply.ts';
import { u16 } from './guard.ts';
import { type Query, sizeLimit } from './query.ts';
import type { ReplyShape } from './read-reply.ts';

/** A reply without OPT record, with what is needed to send it to any client. */
export interface Relayable {
  readonly message: Uint8Array;
  readonly rcode: number;
  readonly questionEnd: number;
  /** Where the TTLs are. */
  readonly ttls: readonly number[];
  /** Where the records of the answer section end. */
  readonly answerEnds: readonly number[];
}

/** Takes the OPT record out, and what stands behind it: only the additional section, which nobody has to get whole. */
export function toRelayable(message: Uint8Array, shape: ReplyShape): Relayable {
  const isOpt = (record: { section: string; type: number }): boolean =>
    record.section === 'additional' && record.type === rrType.OPT;
  const at = shape.records.findIndex(isOpt);
  const kept = at < 0 ? shape.records : shape.records.slice(0, at);
  const end = kept.at(-1)?.end ?? shape.questionEnd;
  const copy = Uint8Array.from(message.subarray(0, end));
  const additional = kept.filter((record) => record.section === 'additional').length;
  copy[10] = additional >> 8;
  copy[11] = additional & 255;
  return {
    message: copy,
    rcode: shape.rcode,
    questionEnd: shape.questionEnd,
    ttls: kept.map((record) => record.ttlAt),
    answerEnds: kept.filter((record) => record.section === 'answer').map((record) => record.end),
  };
}

/** Seconds that a client may keep what is past its end (RFC 8767 section 4). */
const staleTtl = 30;

/** The bytes for one client; `ageSeconds` is how long the reply has lain in the cache, or that it is past its end. */
export function relayTo(query: Query, reply: Relayable, ageSeconds: number | 'stale'): Uint8Array {
  const limit = sizeLimit(query);
  const whole = withClientParts(query, reply, reply.message);
  if (whole.length <= limit) return aged(whole, reply.ttls, ageSeconds);
  // As for our own replies: the records that fit, for clients that cannot come back over TCP.
  const room = limit - (whole.length - reply.message.length);
  const beyond = reply.answerEnds.findIndex((end) => end > room);
  const count = beyond < 0 ? reply.answerEnds.length : beyond;
  const end = reply.answerEnds[count - 1] ?? reply.questionEnd;
  const short = withClientParts(query, reply, reply.message.subarray(0, end));
  short[2] = (short[2] ?? 0) | (flag.TC >> 8);
  const counts = [count, 0, query.edns ? 1 : 0].flatMap((number) => [number >> 8, number & 255]);
  short.set(counts, 6);
  return aged(short, reply.ttls.slice(0, count), ageSeconds);
}

function withClientParts(query: Query, reply: Relayable, message: Uint8Array): Uint8Array {
  const opt = query.edns ? encodeOpt(query, reply.rcode) : undefined;
  const out = new Uint8Array(message.length + (opt?.length ?? 0));
  out.set(message);
  out[0] = query.id >> 8;
  out[1] = query.id & 255;
  // RD is the client's own; TC told of the way from the upstream, which is over.
  const flags = (u16(message, 2) & ~(flag.RD | flag.TC)) | (query.flags & flag.RD);
  out[2] = flags >> 8;
  out[3] = flags & 255;
  out.set(query.question, headerBytes);
  if (opt) {
    out.set(opt, message.length);
    const additional = u16(message, 10) + 1;
    out[10] = additional >> 8;
    out[11] = additional & 255;
  }
  return out;
}

/** Ages the TTLs in place. */
function aged(message: Uint8Array, ttls: readonly number[], seconds: number | 'stale'): Uint8Array {
  if (seconds === 0) return message;
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  for (const at of ttls) view.setUint32(at, seconds === 'stale' ? staleTtl : Math.max(0, view.getUint32(at) - seconds));
  return message;
}
