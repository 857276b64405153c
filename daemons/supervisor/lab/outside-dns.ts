// Pure: the DNS of the world outside a lab, which knows one name and denies all others (RFC 1035 section 4).
import { parseIpv4 } from '../../shared/model/ipv4.ts';
import { outside } from './plan-lab.ts';

const headerBytes = 12;
const typeA = 1;

/** The answer to a query; undefined for what is none. */
export function answerOutside(query: Buffer): Buffer | undefined {
  if (query.length < headerBytes + 5 || query.readUInt16BE(4) !== 1 || (query[2]! & 0x80) !== 0) return undefined;
  const labels: string[] = [];
  let at = headerBytes;
  for (let length = query[at]; length !== 0; length = query[at]) {
    if (length === undefined || length > 63 || at + length + 5 >= query.length) return undefined;
    labels.push(query.toString('latin1', at + 1, at + 1 + length).toLowerCase());
    at += length + 1;
  }
  const question = query.subarray(headerBytes, at + 5);
  const isKnown = labels.join('.') === outside.name;
  const isAnswered = isKnown && query.readUInt16BE(at + 1) === typeA;
  // QR, RD, RA; NXDOMAIN for every other name.
  const flags = 0x8180 | (isKnown ? 0 : 3);
  const header = Buffer.alloc(headerBytes);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(flags, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(isAnswered ? 1 : 0, 6);
  return Buffer.concat(isAnswered ? [header, question, record()] : [header, question]);
}

/** Name by pointer, A, IN, 60 s. */
function record(): Buffer {
  const bytes = Buffer.from([0xc0, headerBytes, 0, typeA, 0, 1, 0, 0, 0, 60, 0, 4, 0, 0, 0, 0]);
  bytes.writeUInt32BE(parseIpv4(outside.address)!, 12);
  return bytes;
}
