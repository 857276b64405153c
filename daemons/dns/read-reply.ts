// Pure: an upstream's reply, looked at record by record without decoding what is not needed. Everything is checked before any
// of it is believed or passed on.
import { ipv4FromBytes } from '../shared/model/ipv4.ts';
import { classIn, flag, headerBytes, rrType } from './dns-codes.ts';
import { u16, u32 } from './guard.ts';
import { addressRecord, type DnsRecord, nameRecord } from './records.ts';
import { readName } from './wire-names.ts';

/** One record: where its parts are in the message. */
export interface RecordAt {
  readonly section: 'answer' | 'authority' | 'additional';
  readonly start: number;
  readonly owner: string;
  readonly type: number;
  readonly class: number;
  readonly ttl: number;
  /** Offset of the TTL's four bytes. */
  readonly ttlAt: number;
  readonly dataAt: number;
  readonly end: number;
}

export interface ReplyShape {
  readonly id: number;
  readonly flags: number;
  readonly rcode: number;
  readonly question: { readonly name: string; readonly type: number; readonly class: number };
  readonly questionEnd: number;
  readonly records: readonly RecordAt[];
}

/** More records than a message of 64 KiB can hold. */
const maxRecords = 6_000;

/** The shape of a reply to one question; undefined if any part of it is malformed or lies outside. */
export function readReply(message: Uint8Array): ReplyShape | undefined {
  if (message.length < headerBytes || u16(message, 4) !== 1) return undefined;
  const flags = u16(message, 2);
  if ((flags & flag.QR) === 0 || (flags & 0x7800) !== 0) return undefined;
  const question = readName(message, headerBytes, false);
  if (!question || question.next + 4 > message.length) return undefined;
  const counts = [u16(message, 6), u16(message, 8), u16(message, 10)] as const;
  if (counts[0] + counts[1] + counts[2] > maxRecords) return undefined;
  const records = readRecords(message, question.next + 4, counts);
  if (!records) return undefined;
  const opt = records.find((record) => record.section === 'additional' && record.type === rrType.OPT);
  return {
    id: u16(message, 0),
    flags,
    rcode: ((opt ? opt.ttl >>> 24 : 0) << 4) | (flags & 15),
    question: { name: question.name, type: u16(message, question.next), class: u16(message, question.next + 2) },
    questionEnd: question.next + 4,
    records,
  };
}

const sections = ['answer', 'authority', 'additional'] as const;

function readRecords(message: Uint8Array, start: number, counts: readonly number[]): RecordAt[] | undefined {
  const records: RecordAt[] = [];
  let at = start;
  for (let index = 0; index < sections.length; index += 1) {
    const section = sections[index]!;
    for (let left = counts[index] ?? 0; left > 0; left -= 1) {
      const record = readRecord(message, at, section);
      if (!record) return undefined;
      records.push(record);
      at = record.end;
    }
  }
  return records;
}

function readRecord(message: Uint8Array, start: number, section: RecordAt['section']): RecordAt | undefined {
  const owner = readName(message, start);
  if (!owner || owner.next + 10 > message.length) return undefined;
  const at = owner.next;
  const end = at + 10 + u16(message, at + 8);
  if (end > message.length) return undefined;
  return {
    section,
    start,
    owner: owner.name,
    type: u16(message, at),
    class: u16(message, at + 2),
    ttl: u32(message, at + 4),
    ttlAt: at + 4,
    dataAt: at + 10,
    end,
  };
}

/** The data of these types holds no name that may be compressed, so their bytes may stand in another message. */
const selfContained = new Set<number>([rrType.A, rrType.AAAA, rrType.TXT, rrType.CAA, rrType.SVCB, rrType.HTTPS]);

/** The answers of type `type` and the aliases that lead to them, as records for a message of our own. */
export function answersOf(message: Uint8Array, shape: ReplyShape, type: number): DnsRecord[] {
  return shape.records.flatMap((record) => {
    if (record.section !== 'answer' || record.class !== classIn) return [];
    if (record.type === rrType.CNAME) {
      const target = readName(message, record.dataAt);
      return target ? [nameRecord(record.owner, rrType.CNAME, record.ttl, target.name)] : [];
    }
    if (record.type !== type || !selfContained.has(type)) return [];
    const bytes = message.slice(record.dataAt, record.end);
    const address = type === rrType.A ? ipv4FromBytes(bytes) : undefined;
    if (type === rrType.A) return address === undefined ? [] : [addressRecord(record.owner, record.ttl, address)];
    return [{ owner: record.owner, type, ttl: record.ttl, data: { kind: 'raw', bytes } }];
  });
}

/** Seconds that a reply may be kept: the smallest TTL, or for "nothing there" what the SOA allows (RFC 2308 section 5). */
export function lifetimeOf(message: Uint8Array, shape: ReplyShape, wanted: number): number {
  const answers = shape.records.filter((record) => record.section === 'answer');
  const ttls = answers.map((record) => record.ttl);
  if (!answers.some((record) => record.type === wanted)) {
    const soa = shape.records.find((record) => record.section === 'authority' && record.type === rrType.SOA);
    if (!soa || soa.end - soa.dataAt < 22) return 0;
    ttls.push(soa.ttl, u32(message, soa.end - 4));
  }
  return Math.min(...ttls);
}
