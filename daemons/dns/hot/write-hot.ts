// Pure: a kept reply written over the query that it answers.
import { headerBytes } from '../dns-codes.ts';
import type { Kept } from './kept.ts';

/** Bytes up to which copying one by one is quicker than asking the engine to. */
const shortBytes = 48;

/** Writes the reply behind the question that ends at `end` of the message at `start`; returns the reply's length. */
export function writeHot(bytes: Uint8Array, start: number, end: number, entry: Kept, now: number): number {
  const { counts, tails } = entry;
  const tail = tails[entry.turn]!;
  entry.turn = entry.turn + 1 === tails.length ? 0 : entry.turn + 1;
  bytes[start + 2] = entry.flags >> 8;
  bytes[start + 3] = entry.flags & 255;
  for (let at = 0; at < 6; at += 1) bytes[start + 6 + at] = counts[at]!;
  const to = start + end;
  if (tail.length > shortBytes) bytes.set(tail, to);
  else for (let at = 0; at < tail.length; at += 1) bytes[to + at] = tail[at]!;
  if (entry.ttls.length > 0) ageTtls(bytes, to, entry, now);
  return end + tail.length;
}

/** Turns the query into "too long, come by TCP" (RFC 1035 section 4.2.1): header and question alone. */
export function writeTruncated(bytes: Uint8Array, start: number, end: number): number {
  bytes[start + 2] = 0x82 | (bytes[start + 2]! & 1);
  bytes[start + 3] = 0x80;
  bytes.fill(0, start + 6, start + headerBytes);
  return end;
}

function ageTtls(bytes: Uint8Array, from: number, entry: Kept, now: number): void {
  const seconds = Math.floor((now - entry.storedAt) / 1000);
  if (seconds <= 0) return;
  for (const ttlAt of entry.ttls) {
    const at = from + ttlAt;
    const ttl = bytes[at]! * 0x1000000 + ((bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!);
    const left = Math.max(0, ttl - seconds);
    bytes[at] = left >>> 24;
    bytes[at + 1] = (left >>> 16) & 255;
    bytes[at + 2] = (left >>> 8) & 255;
    bytes[at + 3] = left & 255;
  }
}
