import t from 'tap';
import {
  type Cidr,
  contains,
  lastOf,
  networkOf,
  offsetIp,
  parseCidr,
  parseInterface,
  parseIp,
  renderCidr,
  renderInterface,
  renderIp,
} from '../../../../daemons/shared/model/ip.ts';
import { macFor } from '../../../../daemons/shared/model/mac.ts';

const ip = (text: string): NonNullable<ReturnType<typeof parseIp>> => parseIp(text)!;
const cidr = (text: string): Cidr => parseCidr(text)!;

t.test('both families are read and written', async (t) => {
  for (const text of ['10.42.0.1/16', '0.0.0.0/0', '255.255.255.255/32', 'fd00::1/64', '::/0', '::1/128']) {
    t.equal(renderInterface(parseInterface(text)!), text);
  }
  const wrong = ['', '10.0.0.1', '10.0.0.1/33', '10.0.0.1/08', 'fd00::/129', 'fd00::', 'x/8', '::/', '1.2.3.4/8\n'];
  for (const text of wrong) t.equal(parseInterface(text), undefined, JSON.stringify(text));
});

t.test('a range has no host bits', async (t) => {
  for (const text of ['10.42.0.0/16', 'fd00:1::/32', '10.0.0.1/32', '::/0']) t.equal(renderCidr(cidr(text)), text);
  for (const text of ['10.42.0.1/16', 'fd00::1/64']) t.equal(parseCidr(text), undefined, text);
});

t.test('arithmetic of ranges', async (t) => {
  t.equal(networkOf(ip('10.42.7.9'), 16), ip('10.42.0.0'));
  t.equal(networkOf(ip('10.42.7.9'), 0), ip('0.0.0.0'));
  t.equal(networkOf(ip('fd00::1:2:3'), 112), ip('fd00::1:2:0'));
  t.equal(renderIp(lastOf(cidr('10.42.0.0/16'))), '10.42.255.255');
  t.equal(renderIp(lastOf(cidr('fd00::/64'))), 'fd00::ffff:ffff:ffff:ffff');
  t.ok(contains(cidr('fd00::/64'), ip('fd00::5')));
  t.notOk(contains(cidr('fd00::/64'), ip('fd00:0:0:1::5')));
  t.notOk(contains(cidr('0.0.0.0/0'), ip('::1')), 'nothing of the other family');
  t.equal(offsetIp(ip('10.42.255.255'), 1), ip('10.43.0.0'));
  t.equal(offsetIp(ip('fd00::ffff'), 1), ip('fd00::1:0'));
  for (const [text, by] of [
    ['255.255.255.255', 1],
    ['0.0.0.0', -1],
    ['::', -1],
    ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 1n],
  ] as const) {
    t.equal(offsetIp(ip(text), by), undefined, text);
  }
});

t.test('a MAC follows from an address of either family', async (t) => {
  t.equal(macFor(ip('10.42.0.5')), '0a:58:0a:2a:00:05');
  t.equal(macFor(ip('fd00::ab:cdef')), '0a:5a:00:ab:cd:ef');
  t.equal(macFor(ip('fd00::ffff:ffff')), '0a:5a:ff:ff:ff:ff');
});
