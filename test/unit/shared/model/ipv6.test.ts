import t from 'tap';
import { ipv6Bytes, ipv6FromBytes, parseIpv6, renderIpv6 } from '../../../../daemons/shared/model/ipv6.ts';

t.test('every form of RFC 4291 is read, and written as RFC 5952 has it', async (t) => {
  const rows: [string, string][] = [
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['FD00:0:0:0:0:0:0:A', 'fd00::a'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8::0:1', '2001:db8::1'],
    ['::ffff:192.0.2.1', '::ffff:c000:201'],
    ['64:ff9b::10.42.0.5', '64:ff9b::a2a:5'],
    ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ];
  for (const [text, canonical] of rows) {
    const address = parseIpv6(text)!;
    t.equal(renderIpv6(address), canonical, text);
    t.equal(parseIpv6(canonical), address);
    t.equal(ipv6FromBytes(ipv6Bytes(address)), address);
  }
});

t.test('what is no address is refused', async (t) => {
  const wrong = [
    '',
    ':',
    ':::',
    '1',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    '1:2:3:4:5:6:7:8::',
    'g::',
    '12345::',
    ':1:2:3:4:5:6:7',
    'fe80::1%eth0',
    '::1/64',
    '::1.2.3',
    '::1.2.3.256',
    '1.2.3.4',
    '::1\n',
    ' ::1',
    `${'0:'.repeat(40)}::`,
  ];
  for (const text of wrong) t.equal(parseIpv6(text), undefined, JSON.stringify(text));
  t.equal(ipv6FromBytes(Uint8Array.of(1, 2, 3, 4)), undefined);
});
