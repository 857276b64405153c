// Pure: a question as the rest of the daemon sees it, read from bytes that guard.ts found sound.
import { classIn, flag, headerBytes } from './dns-codes.ts';
import { type QueryShape, u16 } from './guard.ts';
import { nameBytes } from './wire-names.ts';

export type Transport = 'udp' | 'tcp';

/** What the client said in its OPT record (RFC 6891). */
export interface Edns {
  readonly version: number;
  /** Bytes that it can take over UDP, as sent. */
  readonly size: number;
  readonly wantsDnssec: boolean;
}

export interface Query {
  readonly id: number;
  readonly transport: Transport;
  /** The client's RD, AD and CD bits, nothing else. */
  readonly flags: number;
  /** Name, type and class exactly as sent, for the echo. */
  readonly question: Uint8Array;
  /** Lower-case text, see wire-names.ts. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  readonly edns: Edns | undefined;
}

/** Bytes that we tell others we can take, and the most that we send, over UDP: no fragments on any usual link. */
export const ownUdpSize = 1232;
const plainUdpSize = 512;
const maxTcpBytes = 65_535;

/** Reads a query; `packet` must be the one that the shape was made from. The question is copied. */
export function readQuery(packet: Uint8Array, shape: QueryShape, transport: Transport): Query {
  const { questionEnd, name, opt } = shape;
  const edns =
    opt === undefined
      ? undefined
      : {
          size: u16(packet, opt + 2),
          version: packet[opt + 5] ?? 0,
          wantsDnssec: (u16(packet, opt + 6) & 0x8000) !== 0,
        };
  return {
    id: u16(packet, 0),
    transport,
    flags: u16(packet, 2) & (flag.RD | flag.AD | flag.CD),
    question: packet.slice(headerBytes, questionEnd),
    name,
    type: u16(packet, questionEnd - 4),
    class: u16(packet, questionEnd - 2),
    edns,
  };
}

/** A question of our own; undefined if the text cannot be a name. */
export function makeQuery(name: string, type: number, transport: Transport = 'tcp'): Query | undefined {
  const owner = nameBytes(name);
  if (!owner) return undefined;
  const question = Uint8Array.of(...owner, type >> 8, type & 255, 0, classIn);
  return { id: 0, transport, flags: flag.RD, question, name, type, class: classIn, edns: undefined };
}

/** Bytes that a reply to this query may have. */
export function sizeLimit(query: Query): number {
  if (query.transport === 'tcp') return maxTcpBytes;
  return query.edns ? Math.min(Math.max(query.edns.size, plainUdpSize), ownUdpSize) : plainUdpSize;
}
