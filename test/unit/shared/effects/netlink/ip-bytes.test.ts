import t from 'tap';
import {
  anyOf,
  familyOf,
  ipBytes,
  ipFromBytes,
  renderIp,
} from '../../../../../daemons/shared/effects/netlink/ip-bytes.ts';
import { refusal } from '../../../../../daemons/shared/effects/netlink/refusal.ts';
import { parseIpv4 } from '../../../../../daemons/shared/model/ipv4.ts';

t.test('IPv4', async (t) => {
  const address = parseIpv4('169.254.169.250')!;
  t.equal(Buffer.from(ipBytes(address)).toString('hex'), 'a9fea9fa');
  t.equal(ipFromBytes(Buffer.from('a9fea9fa', 'hex')), address);
  t.equal(renderIp(address), '169.254.169.250');
  t.same([familyOf(address), familyOf('::'), anyOf(2), anyOf(10)], [2, 10, 0, '::']);
});

t.test('IPv6: text, bytes, text as in RFC 5952', async (t) => {
  const cases: [string, string, string?][] = [
    ['::', '0'.repeat(32)],
    ['::1', `${'0'.repeat(31)}1`],
    ['fd00:a9fe:a9fe::250', 'fd00a9fea9fe00000000000000000250'],
    ['1::', `0001${'0'.repeat(28)}`],
    ['2001:DB8:0:0:1:0:0:1', '20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
    ['1:0:3:4:5:6:7:8', '00010000000300040005000600070008'],
    ['1:2:3:4:5:6:7::', '00010002000300040005000600070000', '1:2:3:4:5:6:7:0'],
    ['::ffff:192.0.2.5', '00000000000000000000ffffc0000205', '::ffff:c000:205'],
  ];
  for (const [text, hex, canonical = text] of cases) {
    t.equal(Buffer.from(ipBytes(text)).toString('hex'), hex, text);
    t.equal(ipFromBytes(Buffer.from(hex, 'hex')), canonical);
    t.equal(renderIp(text), text);
  }
});

t.test('what is no address', async (t) => {
  const bad = ['', ':', ':::', '1::2::3', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7::8', 'g::', '12345::'];
  for (const text of [...bad, 'fe80::1%eth0', '10.0.0.1', '::1.2.3', '::1.2.3.999', ' ::1']) {
    t.throws(() => ipBytes(text), { code: 'NETLINK_REFUSED' }, text);
  }
  t.equal(ipFromBytes(undefined), undefined);
  t.equal(ipFromBytes(Buffer.alloc(5)), undefined);
});

t.test('errnos become codes, with what was attempted', async (t) => {
  const cases: [number, string, RegExp][] = [
    [-17, 'NETLINK_EXISTS', /^add x: EEXIST$/],
    [-19, 'NETLINK_NO_SUCH_DEVICE', /ENODEV/],
    [-3, 'NETLINK_NOT_FOUND', /ESRCH/],
    [-2, 'NETLINK_NOT_FOUND', /ENOENT/],
    [-99, 'NETLINK_NOT_FOUND', /EADDRNOTAVAIL/],
    [-101, 'NETLINK_UNREACHABLE', /ENETUNREACH/],
    [-113, 'NETLINK_UNREACHABLE', /EHOSTUNREACH/],
    [-16, 'NETLINK_BUSY', /EBUSY/],
    [-22, 'NETLINK_REFUSED', /EINVAL/],
    [-9_999, 'NETLINK_REFUSED', /9999/],
  ];
  for (const [errno, code, message] of cases) t.match(refusal('add x', errno), { code, message });
  t.match(refusal('add x', -1), { code: 'NETLINK_REFUSED', hint: /root/ });
  t.match(refusal('add x', -95), { code: 'NETLINK_REFUSED', hint: /kernel/ });
});
