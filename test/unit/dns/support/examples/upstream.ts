// The upstream of the worked examples: what it knows, and how it fails.
import { rcode, rrType } from '../../../../../daemons/dns/dns-codes.ts';
import { encodeReply } from '../../../../../daemons/dns/encode-reply.ts';
import type { Exchange, UpstreamReply } from '../../../../../daemons/dns/exchange.ts';
import type { Query } from '../../../../../daemons/dns/query.ts';
import { readReply } from '../../../../../daemons/dns/read-reply.ts';
import {
  addressRecord,
  bareReply,
  type DnsRecord,
  nameRecord,
  type Reply,
} from '../../../../../daemons/dns/records.ts';
import type { Upstream } from '../../../../../daemons/dns/upstreams.ts';
import { type Ipv4, parseIpv4 } from '../../../../../daemons/shared/model/ipv4.ts';

/** What it does with each question. */
export type UpstreamManner = 'good' | 'silent' | 'refuses the port' | 'fails';

const soaData = { primary: 'ns.up.test', mailbox: 'hostmaster.up.test', serial: 1, negativeTtl: 30 };
const authority: DnsRecord[] = [{ owner: 'up.test', type: rrType.SOA, ttl: 60, data: { kind: 'soa', soa: soaData } }];
const v6 = Uint8Array.from([0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
const www: Readonly<Record<number, DnsRecord[]>> = {
  [rrType.A]: [a('www.up.test', 100, '192.0.2.1'), a('www.up.test', 50, '192.0.2.2')],
  [rrType.AAAA]: [{ owner: 'www.up.test', type: rrType.AAAA, ttl: 100, data: { kind: 'raw', bytes: v6 } }],
};

function a(owner: string, ttl: number, text: string): DnsRecord {
  return addressRecord(owner, ttl, parseIpv4(text) as Ipv4);
}

function found(answers: readonly DnsRecord[]): Reply {
  return { ...bareReply(rcode.NOERROR), answers, authority: answers.length === 0 ? authority : [] };
}

function replyFor({ name, type }: Query): Reply {
  switch (name) {
    case 'www.up.test':
      return found(www[type] ?? []);
    case 'cn.up.test':
      return found([nameRecord('cn.up.test', rrType.CNAME, 80, 'www.up.test'), ...(www[type] ?? [])]);
    case 'servfail.up.test':
      return bareReply(rcode.SERVFAIL);
    case 'big.up.test':
      return found(Array.from({ length: 60 }, (_, at) => a('big.up.test', 100, `192.0.2.${at + 1}`)));
    default:
      return { ...bareReply(rcode.NXDOMAIN), authority };
  }
}

/** `manner` is asked for each question and may note it. */
export function upstreamExchange(manner: (upstream: Upstream, query: Query) => UpstreamManner): Exchange {
  return (upstream, query, signal): Promise<UpstreamReply> => {
    const how = manner(upstream, query);
    if (how === 'refuses the port') return Promise.reject(new Error('ECONNREFUSED'));
    if (how === 'silent')
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    const message = encodeReply(
      { ...query, transport: 'tcp' },
      how === 'fails' ? bareReply(rcode.SERVFAIL) : replyFor(query),
    );
    return Promise.resolve({ message, shape: readReply(message)! });
  };
}
