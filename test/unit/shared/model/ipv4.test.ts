import t from 'tap';
import {
  blockAt,
  contains,
  gatewayOf,
  type Ipv4,
  ipv4Bytes,
  ipv4FromBytes,
  lastOf,
  offsetIpv4,
  overlaps,
  parseCidr4,
  parseInterface4,
  parseIpv4,
  renderCidr4,
  renderIpv4,
} from '../../../../daemons/shared/model/ipv4.ts';

t.test('addresses survive parsing and rendering', async (t) => {
  for (const text of ['0.0.0.0', '10.42.0.1', '169.254.169.250', '255.255.255.255']) {
    const address = parseIpv4(text);
    t.equal(address === undefined ? undefined : renderIpv4(address), text);
    t.same(ipv4FromBytes(ipv4Bytes(address!)), address);
  }
});

t.test('what is not exactly an address is refused', async (t) => {
  const wrong = [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '1.2.3.4 ',
    ' 1.2.3.4',
    '1.2.3.-4',
    '1.2.3.4\n',
    '0x1.2.3.4',
    '1e1.2.3.4',
    '::1',
  ];
  for (const text of wrong) t.equal(parseIpv4(text), undefined, JSON.stringify(text));
  t.equal(ipv4FromBytes(Uint8Array.of(1, 2, 3)), undefined);
});

t.test('ranges have no host bits', async (t) => {
  t.equal(renderCidr4(parseCidr4('10.42.0.0/16')!), '10.42.0.0/16');
  t.equal(renderCidr4(parseCidr4('0.0.0.0/0')!), '0.0.0.0/0');
  t.equal(renderCidr4(parseCidr4('10.42.0.7/32')!), '10.42.0.7/32');
  for (const text of [
    '10.42.0.1/16',
    '10.42.0.0',
    '10.42.0.0/33',
    '10.42.0.0/016',
    '10.42.0.0/',
    '/16',
    '10.42.0.0/16/',
  ]) {
    t.equal(parseCidr4(text), undefined, text);
  }
});

t.test('an interface keeps its host bits', async (t) => {
  t.same(parseInterface4('10.42.3.7/16'), { address: parseIpv4('10.42.3.7'), prefix: 16 });
  t.equal(parseInterface4('10.42.3.700/16'), undefined);
});

t.test('a range contains its ends and nothing beyond', async (t) => {
  const range = parseCidr4('10.42.5.0/24')!;
  t.ok(contains(range, parseIpv4('10.42.5.0')!));
  t.ok(contains(range, lastOf(range)));
  t.equal(renderIpv4(lastOf(range)), '10.42.5.255');
  t.notOk(contains(range, offsetIpv4(lastOf(range), 1)!));
  t.notOk(contains(range, offsetIpv4(range.base, -1)!));
});

t.test('overlap is symmetric', async (t) => {
  const rows: [string, string, boolean][] = [
    ['10.42.0.0/16', '10.42.7.0/24', true],
    ['10.42.0.0/16', '10.43.0.0/16', false],
    ['0.0.0.0/0', '192.0.2.1/32', true],
    ['10.42.7.0/24', '10.42.8.0/24', false],
  ];
  for (const [a, b, expected] of rows) {
    t.equal(overlaps(parseCidr4(a)!, parseCidr4(b)!), expected, `${a} ${b}`);
    t.equal(overlaps(parseCidr4(b)!, parseCidr4(a)!), expected, `${b} ${a}`);
  }
});

t.test('blocks are cut from a range by number', async (t) => {
  const range = parseCidr4('10.42.0.0/16')!;
  t.equal(renderCidr4(blockAt(range, 24, 0)!), '10.42.0.0/24');
  t.equal(renderCidr4(blockAt(range, 24, 255)!), '10.42.255.0/24');
  t.equal(blockAt(range, 24, 256), undefined);
  t.equal(blockAt(range, 15, 0), undefined, 'a block is never larger than its range');
  t.equal(renderIpv4(gatewayOf(blockAt(range, 24, 3)!)), '10.42.3.1');
});

t.test('arithmetic does not leave 32 bits', async (t) => {
  t.equal(offsetIpv4(0xffffffff as Ipv4, 1), undefined);
  t.equal(offsetIpv4(0 as Ipv4, -1), undefined);
});
