import t from 'tap';
import type { Lease } from '../../../../cni-plugins/library.ts';
import { Claims, describeDuplicate } from '../../../../daemons/network-manager/duplicates/claims.ts';
import { Sightings } from '../../../../daemons/network-manager/duplicates/sightings.ts';
import { type Ipv4, parseIpv4 } from '../../../../daemons/shared/model/ipv4.ts';
import type { Mac } from '../../../../daemons/shared/model/mac.ts';
import { leaseOf } from '../../cni-plugins/ipam/support/lease-of.ts';

const ip = (text: string): Ipv4 => parseIpv4(text) as Ipv4;
const macOf = (n: number): Mac => `0a:58:0a:2a:07:0${n}` as Mac;
const stranger = '02:aa:bb:cc:dd:ee' as Mac;

function lease(n: number, change: Partial<Lease> = {}): Lease {
  const plain = leaseOf(`${n}`.repeat(16), [`10.42.7.${n}/24`]);
  const result = {
    interfaces: [{ name: 'corral0', mac: macOf(1) }],
    ips: [{ address: `10.42.7.${n}/24`, gateway: '10.42.7.1' }],
    routes: [],
    dns: {},
  };
  return {
    ...plain,
    mac: macOf(n),
    createdAt: n,
    result,
    attachment: { ...plain.attachment, name: `web-${n}` },
    ...change,
  };
}

t.test('who may say that he has an address', async (t) => {
  const claims = new Claims([lease(2), lease(3)]);
  t.equal(claims.judge('corral0', ip('10.42.7.2'), macOf(2)), undefined);
  t.equal(claims.judge('corral0', ip('10.42.7.99'), stranger), undefined, 'an address that nobody has');
  t.equal(claims.judge('other', ip('10.42.7.2'), stranger), undefined, 'another bridge');
  const rows: [string, Mac, RegExp][] = [
    ['10.42.7.2', stranger, /10\.42\.7\.2 belongs to container web-2 \(2{12}\) and .* stranger .* at port veth9/],
    ['10.42.7.2', macOf(3), /belongs to container web-2 .* used by container web-3 \(3{12}\)$/],
    ['10.42.7.1', stranger, /belongs to the gateway corral0/],
    ['10.42.7.3', macOf(1), /belongs to container web-3 .* used by the gateway corral0/],
  ];
  for (const [address, mac, text] of rows) {
    t.match(describeDuplicate(claims.judge('corral0', ip(address), mac)!, 'veth9'), text);
  }
  t.match(claims.of('corral0', ip('10.42.7.2')), { mac: macOf(2), since: 2 });
  t.equal(claims.of('other', ip('10.42.7.2')), undefined);
  t.same(
    claims
      .on('corral0')
      .map(({ mac }) => mac)
      .sort(),
    [macOf(1), macOf(2), macOf(3)],
  );
});

t.test('two leases of one address: the older claim wins', async (t) => {
  const second = lease(3, { addresses: ['10.42.7.2/24'], network: 'other' });
  for (const order of [
    [lease(2), second],
    [second, lease(2)],
  ]) {
    const claims = new Claims(order);
    t.match(claims.doubles, [{ claim: { owner: /web-2/ }, rival: macOf(3), rivalName: /web-3/ }]);
    t.match(claims.judge('corral0', ip('10.42.7.2'), macOf(3)), { claim: { mac: macOf(2) } });
  }
  t.same(new Claims([lease(2), lease(3, { phase: 'reserved', addresses: ['10.42.7.2/24'] })]).doubles, []);
});

t.test('a rival is remembered for a minute, and the owner announced once in ten seconds', async (t) => {
  const claims = new Claims([lease(2)]);
  const judge = ({ claim, rival }: { claim: { bridge: string; ip: Ipv4 }; rival: Mac }) =>
    claims.judge(claim.bridge, claim.ip, rival);
  const duplicate = claims.judge('corral0', ip('10.42.7.2'), stranger)!;
  const sightings = new Sightings();
  sightings.note(duplicate, 0);
  sightings.note(duplicate, 1);
  t.equal(sightings.current(1, judge).length, 1);
  t.equal(sightings.toDefend(1).length, 1);
  t.equal(sightings.toDefend(2).length, 0);
  sightings.note(duplicate, 5_000);
  t.equal(sightings.toDefend(5_000).length, 0, 'not so soon');
  t.equal(sightings.toDefend(10_001).length, 1);
  t.equal(sightings.toDefend(30_000).length, 0, 'he was silent since');
  t.equal(sightings.current(65_000, judge).length, 1);
  t.equal(sightings.current(65_001, judge).length, 0);
  sightings.note(duplicate, 70_000);
  t.equal(sightings.current(70_001, () => undefined).length, 0, 'the owner is gone');
});
