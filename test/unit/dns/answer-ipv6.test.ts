// The rules of the service for addresses of the other family.
import t from 'tap';
import { answer } from '../../../daemons/dns/answer.ts';
import { rrType } from '../../../daemons/dns/dns-codes.ts';
import { encodeReply } from '../../../daemons/dns/encode-reply.ts';
import { NameIndex } from '../../../daemons/dns/name-index.ts';
import { makeQuery } from '../../../daemons/dns/query.ts';
import { viewOf } from '../../../daemons/dns/view.ts';
import { parseCidr, parseIp } from '../../../daemons/shared/model/ip.ts';
import { parseIpv4 } from '../../../daemons/shared/model/ipv4.ts';
import { Snapshot } from '../../../daemons/shared/model/snapshot.ts';
import { container, hostId, service } from './support/objects.ts';
import { shown } from './support/packets.ts';

const { AAAA, A, PTR } = rrType;
const settings = { ttl: 1, subnets: [parseCidr('fd00:42::/48')!], shuffle: <T>(list: T[]): T[] => list };
/** The rest of the reverse names of fd00:42::/124. */
const zeros = `${'0.'.repeat(23)}2.4.0.0.0.0.d.f.ip6.arpa`;
const soa = (zone: string): string => `${zone} 1 SOA soa 1`;
const zone = 'rancher.internal';

t.test('addresses and names of IPv6', async (t) => {
  const index = new NameIndex({ zone, serviceAddress: parseIpv4('169.254.169.250')! });
  const put = [
    container('six', { ips: ['fd00:42::6'] }),
    container('dual', { ips: ['10.42.1.43', 'fd00:42::43'], dnsSearch: [`web.${zone}`] }),
    service('web/both', { containerIds: ['dual', 'six'] }),
    service('web/away', { serviceKind: 'externalService', hostname: `gone.${zone}`, externalIps: ['2001:db8::7'] }),
  ];
  index.update(Snapshot.empty(hostId).apply({ put, drop: [] }, { revision: 1, complete: true }), { put, drop: [] });
  const cases: [string, number, string][] = [
    ['dual', AAAA, 'NOERROR aa | dual 1 AAAA fd00:42::43 | '],
    ['dual', A, 'NOERROR aa | dual 1 A 10.42.1.43 | '],
    ['six', AAAA, 'NOERROR aa | six 1 AAAA fd00:42::6 | '],
    [`six.${zone}`, A, `NOERROR aa |  | ${soa(zone)}`],
    ['both.web', AAAA, 'NOERROR aa | both.web 1 AAAA fd00:42::43, both.web 1 AAAA fd00:42::6 | '],
    ['both.web', A, 'NOERROR aa | both.web 1 A 10.42.1.43 | '],
    [`away.web.${zone}`, AAAA, `NOERROR aa | away.web.${zone} 1 AAAA 2001:db8::7 | `],
    [`6.${zeros}`, PTR, `NOERROR aa | 6.${zeros} 1 PTR six.${zone} | `],
    [`9.${zeros}`, PTR, `NXDOMAIN aa |  | ${soa('0.0.0.0.2.4.0.0.0.0.d.f.ip6.arpa')}`],
    ['2.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa', PTR, 'forward'],
  ];
  for (const [name, type, want] of cases) {
    const query = makeQuery(name, type)!;
    const decision = answer(query, viewOf(index, parseIp('192.0.2.200')!), index, settings);
    t.equal(decision.do === 'reply' ? shown(encodeReply(query, decision.reply)) : decision.do, want, `${name} ${type}`);
  }
  t.same(
    viewOf(index, parseIp('fd00:42::43')!).suffixes,
    [`web.${zone}`, `both.web.${zone}`, zone],
    'a client is known by either address',
  );
});
