import t from 'tap';
import { parseCidr4 } from '../../../../daemons/shared/model/ipv4.ts';
import { isUsableMac, vtepMac } from '../../../../daemons/shared/model/mac.ts';
import {
  block6Of,
  defaultVni,
  maxVni,
  parseCidr6,
  vniOf,
  vtepName,
} from '../../../../daemons/shared/model/networks.ts';

const subnet = parseCidr4('10.42.0.0/16')!;
const six = parseCidr6('fd42::/48')!;

t.test('the IPv6 part of a block has the number of the block', async (t) => {
  t.equal(block6Of(subnet, parseCidr4('10.42.0.0/24')!, six, 64), 'fd42::/64');
  t.equal(block6Of(subnet, parseCidr4('10.42.17.0/24')!, six, 64), 'fd42:0:0:11::/64');
  t.equal(block6Of(subnet, parseCidr4('10.42.255.0/24')!, parseCidr6('fd42::/112')!, 120), 'fd42::ff00/120');
  t.equal(block6Of(subnet, parseCidr4('10.42.255.0/24')!, parseCidr6('fd42::/116')!, 120), undefined, 'too few parts');
});

t.test('identifiers of networks are those of the original, or follow from the name', async (t) => {
  t.equal(vtepName(vniOf('corral', true)), 'vtep1042');
  const derived = ['a', 'b', 'blue', 'green'].map((name) => vniOf(name, false));
  t.equal(new Set(derived).size, 4);
  t.ok(derived.every((vni) => vni >= 4096 && vni <= maxVni && vni !== defaultVni));
  t.ok(vtepName(maxVni).length <= 15, 'a name of a device');
});

t.test('the MAC of a vtep follows from the uuid of its host', async (t) => {
  const mac = vtepMac('0f0e0d0c-0000-4000-8000-000000000001');
  t.match(mac, /^0e:00(:[0-9a-f]{2}){4}$/);
  t.ok(isUsableMac(mac));
  t.equal(mac, vtepMac('0f0e0d0c-0000-4000-8000-000000000001'), 'the same on every host');
  t.not(mac, vtepMac('0f0e0d0c-0000-4000-8000-000000000002'));
});
