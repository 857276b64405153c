// Pure: the records that this daemon makes itself, and what a reply consists of before it is encoded.
import type { Ip } from '../shared/model/ip.ts';
import { rrType } from './dns-codes.ts';

/** Contents of a record. `raw` are bytes in which no name is compressed, taken over from an upstream. */
export type RecordData =
  | { readonly kind: 'address'; readonly address: Ip }
  | { readonly kind: 'name'; readonly target: string }
  | { readonly kind: 'soa'; readonly soa: Soa }
  | { readonly kind: 'raw'; readonly bytes: Uint8Array };

export interface DnsRecord {
  readonly owner: string;
  readonly type: number;
  /** Seconds. */
  readonly ttl: number;
  readonly data: RecordData;
}

export interface Soa {
  readonly primary: string;
  readonly mailbox: string;
  readonly serial: number;
  /** Seconds that a resolver may keep "no such name" or "no such record" (RFC 2308). */
  readonly negativeTtl: number;
}

/** A reply of our own making. */
export interface Reply {
  readonly rcode: number;
  /** True if we are the authority for the name. */
  readonly authoritative: boolean;
  readonly answers: readonly DnsRecord[];
  readonly authority: readonly DnsRecord[];
}

export function addressRecord(owner: string, ttl: number, address: Ip): DnsRecord {
  return { owner, type: typeof address === 'number' ? rrType.A : rrType.AAAA, ttl, data: { kind: 'address', address } };
}

export function nameRecord(owner: string, type: number, ttl: number, target: string): DnsRecord {
  return { owner, type, ttl, data: { kind: 'name', target } };
}

/** One TXT record; a text over 255 bytes goes as several strings of one record, which readers join (RFC 7208 section 3.3). */
export function textRecord(owner: string, ttl: number, text: string): DnsRecord {
  const bytes = new TextEncoder().encode(text);
  const strings: number[] = [];
  for (let at = 0; at === 0 || at < bytes.length; at += 255) {
    const part = bytes.subarray(at, at + 255);
    strings.push(part.length, ...part);
  }
  return { owner, type: rrType.TXT, ttl, data: { kind: 'raw', bytes: Uint8Array.from(strings) } };
}

/** A reply without records, for what is refused or failed. */
export function bareReply(code: number): Reply {
  return { rcode: code, authoritative: false, answers: [], authority: [] };
}
