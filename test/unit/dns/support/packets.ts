// Queries as bytes, and replies as dig would show them; written with dns2, apart from the code under test.
import dns2 from 'dns2';

const { Packet } = dns2;

export interface QueryWish {
  readonly id?: number;
  readonly type?: number;
  readonly class?: number;
  readonly rd?: 0 | 1;
  /** Size of an OPT record; absent: none. */
  readonly edns?: number;
  readonly ednsVersion?: number;
}

export function queryBytes(name: string, wish: QueryWish = {}): Buffer {
  const packet = new Packet();
  packet.header = new Packet.Header({ id: wish.id ?? 4711, rd: wish.rd ?? 1 });
  packet.questions.push(new Packet.Question(name, wish.type ?? 1, wish.class ?? 1));
  const plain = packet.toBuffer();
  if (wish.edns === undefined) return plain;
  plain[11] = 1;
  const opt = Buffer.from([0, 0, 41, wish.edns >> 8, wish.edns & 255, 0, wish.ednsVersion ?? 0, 0, 0, 0, 0]);
  return Buffer.concat([plain, opt]);
}

/** `NOERROR aa tc | answers | authority`, records as `owner ttl TYPE data`. */
export function shown(bytes: Uint8Array): string {
  const packet = Packet.parse(Buffer.from(bytes));
  if (packet.errors.length > 0) throw packet.errors[0];
  const { rcode, aa, tc } = packet.header;
  const code = Object.entries(Packet.RCODE).find(([, value]) => value === rcode)?.[0] ?? String(rcode);
  const section = (records: readonly InstanceType<typeof Packet.Resource>[]): string =>
    records
      .map((one) => {
        const text = Buffer.isBuffer(one.data) ? undefined : one.data && JSON.stringify([one.data].flat().join(''));
        const data = one.address ?? one.domain ?? one.ns ?? (one.primary ? `soa ${one.minimum}` : text) ?? '?';
        return `${one.name} ${one.ttl} ${Packet.typeName(one.type)} ${data}`;
      })
      .join(', ');
  const head = [code, aa ? 'aa' : '', tc ? 'tc' : ''].filter((part) => part !== '').join(' ');
  return `${head} | ${section(packet.answers)} | ${section(packet.authorities)}`;
}
