// Pure: the first look at a query's bytes, before anything parses them: counts, lengths and names, in one bounded pass.
import { flag, headerBytes, rcode, rrType } from './dns-codes.ts';
import { readName } from './wire-names.ts';

/** A larger query is refused whatever it holds: no resolver sends one. */
export const maxQueryBytes = 4096;
/** OPT and TSIG. */
const maxAdditional = 2;

/** Where the parts of a sound query are. */
export interface QueryShape {
  readonly verdict: 'sound';
  /** Lower-case text of the name. */
  readonly name: string;
  /** Offset behind the question. */
  readonly questionEnd: number;
  /** Offset of the OPT record's fields behind its (root) name, or undefined. */
  readonly opt: number | undefined;
}

/** `drop` deserves no answer (a reply, or no header); `refuse` gets a bare header with the code. */
export type Guarded =
  | QueryShape
  | { readonly verdict: 'drop' }
  | { readonly verdict: 'refuse'; readonly rcode: number };

const drop: Guarded = { verdict: 'drop' };
const formerr: Guarded = { verdict: 'refuse', rcode: rcode.FORMERR };

/** Judges a datagram or one framed TCP message. Never throws; its time is linear in at most 4096 bytes. */
export function guardQuery(packet: Uint8Array): Guarded {
  if (packet.length < headerBytes) return drop;
  const flags = u16(packet, 2);
  // A reply answered by a reply is how two servers keep each other busy for ever.
  if (flags & flag.QR) return drop;
  if ((flags & 0x7800) !== 0) return { verdict: 'refuse', rcode: rcode.NOTIMP };
  if (packet.length > maxQueryBytes || flags & flag.TC) return formerr;
  const additional = u16(packet, 10);
  if (u16(packet, 4) !== 1 || u16(packet, 6) !== 0 || u16(packet, 8) !== 0 || additional > maxAdditional)
    return formerr;
  const question = readName(packet, headerBytes, false);
  if (!question || question.next + 4 > packet.length) return formerr;
  const questionEnd = question.next + 4;
  const found = findOpt(packet, questionEnd, additional);
  return found ? { verdict: 'sound', name: question.name, questionEnd, opt: found.opt } : formerr;
}

/** Walks the additional records; undefined if they are malformed, hold two OPTs, or leave bytes over. */
function findOpt(packet: Uint8Array, start: number, count: number): { opt: number | undefined } | undefined {
  let at = start;
  let opt: number | undefined;
  for (let index = 0; index < count; index += 1) {
    const owner = readName(packet, at);
    if (!owner || owner.next + 10 > packet.length) return undefined;
    const end = owner.next + 10 + u16(packet, owner.next + 8);
    if (end > packet.length) return undefined;
    if (u16(packet, owner.next) === rrType.OPT) {
      const sound = opt === undefined && owner.name === '' && optionsFit(packet, owner.next + 10, end);
      if (!sound) return undefined;
      opt = owner.next;
    }
    at = end;
  }
  return at === packet.length ? { opt } : undefined;
}

/** The options of an OPT record fill its data exactly (RFC 6891 section 6.1.2). */
function optionsFit(packet: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at + 4 <= end) at += 4 + u16(packet, at + 2);
  return at === end;
}

export function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

export function u32(bytes: Uint8Array, at: number): number {
  return u16(bytes, at) * 0x10000 + u16(bytes, at + 2);
}
