// Pure: the cheap first look at a query on the hot path. It accepts a part of what guard.ts accepts, in one pass without making
// anything; what it does not accept goes the ordinary way and is judged there.
import { headerBytes } from '../dns-codes.ts';
import { maxQueryBytes } from '../guard.ts';

/** What two queries must agree in, beside view and question, to get the same reply: bits of `variant`. */
export const variantBit = { rd: 1, cd: 2, edns: 4, dnssec: 8, large: 16 } as const;

/** The last question read; one object for all, so that reading makes no garbage. */
export interface HotQuestion {
  /** Of the name in lower case, type and class; 30 bits. */
  hash: number;
  /** Offset behind the question, from the start of the message. */
  end: number;
  variant: number;
  /** Bytes that the reply may have. */
  limit: number;
}

const plainLimit = 512;
const largeLimit = 1232;
const maxName = 255;

export function newHotQuestion(): HotQuestion {
  return { hash: 0, end: 0, variant: 0, limit: 0 };
}

/**
 * Reads the message of `length` bytes at `start`: a query with one question and at most an OPT record of version 0. Names
 * are hashed with `seed`, which strangers must not know. False: not for this path.
 */
export function readHotQuestion(
  bytes: Uint8Array,
  start: number,
  length: number,
  seed: number,
  into: HotQuestion,
): boolean {
  if (length < headerBytes + 5 || length > maxQueryBytes) return false;
  // Not a reply, opcode QUERY, not truncated; one question, no other record but one.
  if ((bytes[start + 2]! & 0xfa) !== 0) return false;
  if ((bytes[start + 4]! | bytes[start + 6]! | bytes[start + 7]! | bytes[start + 8]! | bytes[start + 9]!) !== 0)
    return false;
  const additional = bytes[start + 11]!;
  if (bytes[start + 5] !== 1 || bytes[start + 10] !== 0 || additional > 1) return false;
  const stop = start + length;
  const end = hashQuestion(bytes, start + headerBytes, stop, seed, into);
  if (end < 0) return false;
  into.end = end - start;
  into.variant = (bytes[start + 2]! & 1 ? variantBit.rd : 0) | (bytes[start + 3]! & 0x10 ? variantBit.cd : 0);
  into.limit = plainLimit;
  return additional === 0 ? end === stop : readOpt(bytes, end, stop, into);
}

/** The hash of a question as `questionKey` makes it. */
export function hashOfKey(key: Uint8Array, seed: number): number {
  const into = newHotQuestion();
  hashQuestion(key, 0, key.length, seed, into);
  return into.hash;
}

/** Returns the offset behind the question, or -1. */
function hashQuestion(bytes: Uint8Array, from: number, stop: number, seed: number, into: HotQuestion): number {
  let hash = seed;
  let at = from;
  for (;;) {
    if (at >= stop) return -1;
    const label = bytes[at]!;
    if (label > 63) return -1;
    hash = Math.imul(hash ^ label, 0x01000193);
    at += 1;
    if (label === 0) break;
    const last = at + label;
    if (last >= stop || last - from >= maxName) return -1;
    for (; at < last; at += 1) {
      const byte = bytes[at]!;
      hash = Math.imul(hash ^ (byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte), 0x01000193);
    }
  }
  if (at + 4 > stop) return -1;
  for (const end = at + 4; at < end; at += 1) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
  into.hash = (hash ^ (hash >>> 15)) & 0x3fffffff;
  return at;
}

/** The rest is one OPT record (RFC 6891 section 6.1.2) whose options, of whatever kind, fill it exactly. */
function readOpt(bytes: Uint8Array, at: number, stop: number, into: HotQuestion): boolean {
  if (at + 11 > stop || bytes[at] !== 0 || bytes[at + 1] !== 0 || bytes[at + 2] !== 41 || bytes[at + 6] !== 0)
    return false;
  const size = (bytes[at + 3]! << 8) | bytes[at + 4]!;
  into.limit = Math.min(Math.max(size, plainLimit), largeLimit);
  into.variant |= variantBit.edns;
  if (into.limit === largeLimit) into.variant |= variantBit.large;
  if (bytes[at + 7]! & 0x80) into.variant |= variantBit.dnssec;
  if (at + 11 + ((bytes[at + 9]! << 8) | bytes[at + 10]!) !== stop) return false;
  let option = at + 11;
  while (option + 4 <= stop) option += 4 + ((bytes[option + 2]! << 8) | bytes[option + 3]!);
  return option === stop;
}

/** True if the question at `start` of a message equals `key`, which is in lower case. */
export function sameQuestion(bytes: Uint8Array, start: number, end: number, key: Uint8Array): boolean {
  if (end - headerBytes !== key.length) return false;
  const name = key.length - 4;
  const from = start + headerBytes;
  for (let at = 0; at < name; at += 1) {
    const byte = bytes[from + at]!;
    if ((byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte) !== key[at]) return false;
  }
  for (let at = name; at < key.length; at += 1) if (bytes[from + at] !== key[at]) return false;
  return true;
}

/** The question at `start` with its name in lower case: a key for `sameQuestion`. */
export function questionKey(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const key = bytes.slice(start + headerBytes, start + end);
  for (let at = 0; at < key.length - 4; at += 1) {
    const byte = key[at]!;
    if (byte >= 0x41 && byte <= 0x5a) key[at] = byte | 0x20;
  }
  return key;
}
