// Pure: the cheap first look at a query on the hot path. It accepts a part of what guard.ts accepts, in one pass without making
// anything; what it does not accept goes the ordinary way and is judged there.
//
// Names are folded to lower case, hashed and compared four bytes at a time: this is where the hot path spends its own time.
// Little-endian machines only, as libc-mmsg.ts.
import { headerBytes } from '../dns-codes.ts';
import { maxQueryBytes } from '../guard.ts';

/** What two queries must agree in, beside view and question, to get the same reply: bits of `variant`. */
export const variantBit = { rd: 1, cd: 2, edns: 4, dnssec: 8, large: 16 } as const;

/** The messages of a batch, by bytes and by words of the same memory. Each message begins at a multiple of four. */
export interface Messages {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
}

/** The last question read; one object for all, so that reading makes no garbage. */
export interface HotQuestion {
  /** The name in lower case as it travels, without its last zero, filled up with zeros. */
  readonly name: Int32Array;
  /** Words of the name. */
  words: number;
  /** Type and class. */
  kind: number;
  /** Of name, type and class; 30 bits. */
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
  return { name: new Int32Array(64), words: 0, kind: 0, hash: 0, end: 0, variant: 0, limit: 0 };
}

/**
 * Reads the message of `length` bytes at `start`: a query with one question and at most an OPT record of version 0. Names
 * are hashed with `seed`, which strangers must not know. False: not for this path.
 */
export function readHotQuestion(
  messages: Messages,
  start: number,
  length: number,
  seed: number,
  into: HotQuestion,
): boolean {
  if (length < headerBytes + 5 || length > maxQueryBytes) return false;
  const { bytes } = messages;
  // Not a reply, opcode QUERY, not truncated; one question, no other record but one.
  if ((bytes[start + 2]! & 0xfa) !== 0) return false;
  if ((bytes[start + 4]! | bytes[start + 6]! | bytes[start + 7]! | bytes[start + 8]! | bytes[start + 9]!) !== 0)
    return false;
  const additional = bytes[start + 11]!;
  if (bytes[start + 5] !== 1 || bytes[start + 10] !== 0 || additional > 1) return false;
  const stop = start + length;
  const zero = nameEnd(bytes, start + headerBytes, stop);
  if (zero < 0 || zero + 5 > stop) return false;
  const end = zero + 5;
  into.kind = (bytes[zero + 1]! << 24) | (bytes[zero + 2]! << 16) | (bytes[zero + 3]! << 8) | bytes[zero + 4]!;
  fold(messages.words, (start + headerBytes) >> 2, zero - start - headerBytes, seed, into);
  into.end = end - start;
  into.variant = (bytes[start + 2]! & 1 ? variantBit.rd : 0) | (bytes[start + 3]! & 0x10 ? variantBit.cd : 0);
  into.limit = plainLimit;
  return additional === 0 ? end === stop : readOpt(bytes, end, stop, into);
}

/** Offset of the zero that ends the name, or -1. */
function nameEnd(bytes: Uint8Array, from: number, stop: number): number {
  let at = from;
  while (at < stop) {
    const label = bytes[at]!;
    if (label === 0) return at;
    if (label > 63) return -1;
    at += label + 1;
    if (at - from >= maxName) return -1;
  }
  return -1;
}

/** Copies `length` bytes of the name in lower case, and hashes them. Lengths of labels are below any letter. */
function fold(words: Int32Array, from: number, length: number, seed: number, into: HotQuestion): void {
  const { name } = into;
  const last = length >> 2;
  let hash = seed ^ into.kind;
  for (let at = 0; at < last; at += 1) {
    const lower = toLower(words[from + at]!);
    name[at] = lower;
    hash = Math.imul(hash ^ lower, 0x01000193);
    hash ^= hash >>> 15;
  }
  const rest = length & 3;
  const lower = rest === 0 ? 0 : toLower(words[from + last]! & ((1 << (rest * 8)) - 1));
  name[last] = lower;
  hash = Math.imul(hash ^ lower ^ length, 0x85ebca6b);
  into.words = last + 1;
  into.hash = (hash ^ (hash >>> 13)) & 0x3fffffff;
}

/** Four bytes with A to Z in lower case: the top bit of each byte tells whether it is at least A, and beyond Z. */
function toLower(word: number): number {
  const low = word & 0x7f7f7f7f;
  const upper = (low + 0x3f3f3f3f) & ~(low + 0x25252525) & ~word & 0x80808080;
  return word | (upper >>> 2);
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

/** What of a question is the same for all who ask it; `hash` fits the seed that it was read with. */
export interface QuestionKey {
  readonly name: Int32Array;
  readonly kind: number;
  readonly hash: number;
}

/** The key of a question (name, type and class as they travel) that was found sound before. */
export function keyOfQuestion(question: Uint8Array, seed: number): QuestionKey {
  const words = new Int32Array((headerBytes + question.length + 7) >> 2);
  const bytes = new Uint8Array(words.buffer);
  bytes.set(question, headerBytes);
  bytes[5] = 1;
  const into = newHotQuestion();
  readHotQuestion({ bytes, words }, 0, headerBytes + question.length, seed, into);
  return { name: into.name.slice(0, into.words), kind: into.kind, hash: into.hash };
}

export function isSameQuestion(question: HotQuestion, key: QuestionKey): boolean {
  const { name } = key;
  if (question.kind !== key.kind || question.words !== name.length) return false;
  for (let at = 0; at < name.length; at += 1) if (question.name[at] !== name[at]) return false;
  return true;
}
