import t from 'tap';
import { parseIpv4 } from '../../../../daemons/shared/model/ipv4.ts';
import { isUsableMac, macBytes, macForAddress, macFromBytes, parseMac } from '../../../../daemons/shared/model/mac.ts';

t.test('a MAC is kept in lower case', async (t) => {
  t.equal(parseMac('02:00:00:00:00:0A'), '02:00:00:00:00:0a');
  for (const text of [
    '',
    '02:00:00:00:00',
    '02:00:00:00:00:0g',
    '02-00-00-00-00-0a',
    '02:00:00:00:00:0a:0b',
    '2:0:0:0:0:a',
    '02:00:00:00:00:0a\n',
  ]) {
    t.equal(parseMac(text), undefined, JSON.stringify(text));
  }
});

t.test('bytes and text agree', async (t) => {
  const mac = parseMac('0a:58:0a:2a:00:05')!;
  t.same([...macBytes(mac)], [0x0a, 0x58, 10, 42, 0, 5]);
  t.equal(macFromBytes(macBytes(mac)), mac);
  t.equal(macFromBytes(Uint8Array.of(1)), undefined);
});

t.test('a container’s MAC follows from its address and is usable', async (t) => {
  t.equal(macForAddress(parseIpv4('10.42.0.5')!), '0a:58:0a:2a:00:05');
  t.equal(macForAddress(parseIpv4('255.255.255.255')!), '0a:58:ff:ff:ff:ff');
  t.ok(isUsableMac(macForAddress(parseIpv4('255.255.255.255')!)));
  t.notOk(isUsableMac(parseMac('01:00:5e:00:00:01')!), 'multicast');
  t.notOk(isUsableMac(parseMac('00:00:00:00:00:00')!), 'zero');
});
