// Pure: our own replies as bytes.
//
// dns2's encoder is not used for them: it copies the whole message once a record (5,000 addresses cost it seconds), and it
// would spell the question anew from joined labels, whereas the question must come back byte for byte as it was sent.
import { ipv4Bytes } from '../shared/model/ipv4.ts';
import { ipv6Bytes } from '../shared/model/ipv6.ts';
import { classIn, flag, headerBytes } from './dns-codes.ts';
import { ownUdpSize, type Query, sizeLimit } from './query.ts';
import type { DnsRecord, RecordData, Reply, Soa } from './records.ts';
import { labelsOf, parentOf } from './wire-names.ts';

/** Refresh, retry and expire of every SOA here; nobody transfers these zones, so they only have to be plausible. Seconds. */
const soaTimes = [60, 10, 86_400] as const;
const maxPointer = 0x3fff;

/**
 * The reply as bytes, within the query's size limit. What does not fit goes out as TC with the records that do: a client that
 * cannot ask again over TCP (musl before 1.2.4) has at least these.
 */
export function encodeReply(query: Query, reply: Reply): Uint8Array {
  const opt = query.edns ? encodeOpt(query, reply.rcode) : new Uint8Array(0);
  const out = new MessageWriter(sizeLimit(query) - opt.length);
  out.u16(query.id);
  const authority = reply.authoritative ? flag.AA : 0;
  const flags = flag.QR | authority | (query.flags & flag.RD) | flag.RA | (reply.rcode & 15);
  for (const word of [flags, 1, 0, 0, query.edns ? 1 : 0]) out.u16(word);
  out.question(query);
  const answers = out.records(reply.answers);
  const cut = answers < reply.answers.length;
  const authorities = cut ? 0 : out.records(reply.authority);
  const bytes = out.finish(opt);
  const header = new DataView(bytes.buffer, bytes.byteOffset, headerBytes);
  header.setUint16(2, cut || authorities < reply.authority.length ? flags | flag.TC : flags);
  header.setUint16(6, answers);
  header.setUint16(8, authorities);
  return bytes;
}

/** A header alone, for a message whose question cannot be trusted (RFC 1035 section 4.1.1; opcode, RD copied). */
export function encodeRefusal(packet: Uint8Array, code: number): Uint8Array {
  const bytes = new Uint8Array(headerBytes);
  bytes[0] = packet[0] ?? 0;
  bytes[1] = packet[1] ?? 0;
  bytes[2] = 0x80 | ((packet[2] ?? 0) & 0x79);
  bytes[3] = flag.RA | code;
  return bytes;
}

/** Our OPT record (RFC 6891 section 6.1.2): own size, upper bits of the rcode, version 0, the client's DO (RFC 3225). */
export function encodeOpt(query: Query, code: number): Uint8Array {
  const dnssec = query.edns?.wantsDnssec ? 0x80 : 0;
  return Uint8Array.of(0, 0, 41, ownUdpSize >> 8, ownUdpSize & 255, (code >> 4) & 255, 0, dnssec, 0, 0, 0);
}

class MessageWriter {
  #buffer = Buffer.allocUnsafe(512);
  #length = 0;
  /** Where a name was written; its letters keep the case of the first writing, so the question's case wins. */
  readonly #names = new Map<string, number>();
  #query: Query | undefined;
  /** Bytes for everything but what `finish` adds. */
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  finish(last: Uint8Array): Uint8Array {
    this.bytes(last);
    return this.#buffer.subarray(0, this.#length);
  }

  /** Writes records until one does not fit; returns how many it wrote. Nothing may be written after one that did not. */
  records(records: readonly DnsRecord[]): number {
    for (const [index, record] of records.entries()) {
      const before = this.#length;
      this.record(record);
      if (this.#length <= this.#most) continue;
      this.#length = before;
      return index;
    }
    return records.length;
  }

  u16(value: number): void {
    this.#reserve(2);
    this.#length = this.#buffer.writeUInt16BE(value, this.#length);
  }

  u32(value: number): void {
    this.#reserve(4);
    this.#length = this.#buffer.writeUInt32BE(value >>> 0, this.#length);
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  question(query: Query): void {
    this.#query = query;
    this.bytes(query.question);
  }

  /** Most replies name nothing but what was asked for; the rest of the question's names is looked up when needed. */
  #noteQuestion({ name, question }: Query): void {
    let at = headerBytes;
    for (let one: string | undefined = name; one; one = parentOf(one)) {
      this.#names.set(one, at);
      at += 1 + (question[at - headerBytes] ?? 0);
    }
  }

  record(record: DnsRecord): void {
    this.#name(record.owner);
    this.u16(record.type);
    this.u16(classIn);
    this.u32(record.ttl);
    const lengthAt = this.#length;
    this.u16(0);
    this.#data(record.data);
    this.#buffer.writeUInt16BE(this.#length - lengthAt - 2, lengthAt);
  }

  #data(data: RecordData): void {
    switch (data.kind) {
      case 'address':
        this.bytes(typeof data.address === 'number' ? ipv4Bytes(data.address) : ipv6Bytes(data.address));
        break;
      case 'name':
        this.#name(data.target);
        break;
      case 'soa':
        this.#soa(data.soa);
        break;
      case 'raw':
        this.bytes(data.bytes);
        break;
      default: {
        const never: never = data;
        throw never;
      }
    }
  }

  #soa(soa: Soa): void {
    this.#name(soa.primary);
    this.#name(soa.mailbox);
    for (const value of [soa.serial, ...soaTimes, soa.negativeTtl]) this.u32(value);
  }

  /** Writes a name, ending in a pointer as soon as the rest was written before (RFC 1035 section 4.1.4). */
  #name(name: string): void {
    if (name === this.#query?.name && name !== '') {
      this.u16(0xc000 | headerBytes);
      return;
    }
    if (this.#query && this.#names.size === 0) this.#noteQuestion(this.#query);
    let rest: string | undefined = name;
    for (const label of labelsOf(name)) {
      const known = this.#names.get(rest ?? '');
      if (known !== undefined) {
        this.u16(0xc000 | known);
        return;
      }
      if (this.#length <= maxPointer) this.#names.set(rest ?? '', this.#length);
      this.bytes(Buffer.from([label.length, ...Buffer.from(label, 'latin1')]));
      rest = parentOf(rest ?? '');
    }
    this.bytes(Uint8Array.of(0));
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + more));
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
  }
}
