// The only user of dns2: turns a reply into text for people (`corral resolve`). It is given only messages that read-reply.ts
// found sound, since one hostile packet can cost dns2 far more than it should; replies on the wire never pass through it, for
// the reasons told in encode-reply.ts and wire-names.ts.
import dns2 from 'dns2';
import { typeName } from './dns-codes.ts';
import { readReply } from './read-reply.ts';

export interface ShownAnswer {
  readonly name: string;
  readonly type: string;
  /** Seconds. */
  readonly ttl: number;
  readonly data: string;
}

type Resource = InstanceType<typeof dns2.Packet.Resource>;

/** The answer section of a reply, each record's data in the usual presentation form. */
export function showAnswers(message: Uint8Array): ShownAnswer[] {
  if (!readReply(message)) return [];
  return dns2.Packet.parse(Buffer.from(message)).answers.map((record) => ({
    name: record.name,
    type: typeName(record.type),
    ttl: record.ttl,
    data: showData(record),
  }));
}

function showData(record: Resource): string {
  if (record.address !== undefined) return record.address;
  if (record.domain !== undefined) return record.domain;
  if (record.ns !== undefined) return record.ns;
  if (record.exchange !== undefined) return `${record.priority} ${record.exchange}`;
  if (record.target !== undefined) return `${record.priority} ${record.weight} ${record.port} ${record.target}`;
  if (record.primary !== undefined) {
    const { primary, admin, serial, refresh, retry, expiration, minimum } = record;
    return [primary, admin, serial, refresh, retry, expiration, minimum].join(' ');
  }
  if (record.tag !== undefined) return `${record.flags} ${record.tag} ${JSON.stringify(record.value)}`;
  return showBytes(record.data);
}

/** Texts in quotes; unknown data as RFC 3597 section 5 writes it. */
function showBytes(data: Resource['data']): string {
  if (Buffer.isBuffer(data)) return `\\# ${data.length} ${data.toString('hex')}`;
  return [data ?? '']
    .flat()
    .map((text) => JSON.stringify(text))
    .join(' ');
}
