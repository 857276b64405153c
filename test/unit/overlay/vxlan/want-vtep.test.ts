import t from 'tap';
import { renderAddress } from '../../../../daemons/overlay/addresses.ts';
import type { Path } from '../../../../daemons/overlay/host-facts.ts';
import { mtuTo } from '../../../../daemons/overlay/mtu.ts';
import { describeStep } from '../../../../daemons/overlay/vxlan/steps.ts';
import { wantVtep } from '../../../../daemons/overlay/vxlan/want-vtep.ts';
import type { Ip } from '../../../../daemons/shared/effects/netlink.ts';
import { vtepMac } from '../../../../daemons/shared/model/mac.ts';
import type { SnapshotObject } from '../../../../daemons/shared/model/objects.ts';
import {
  blockObject,
  cluster,
  containerObject,
  hostIdOf,
  hostObject,
  networkObject,
} from '../../../fixtures/overlay-objects.ts';
import { factsOf, ip, wishOf } from '../support.ts';

type Rest = Parameters<typeof factsOf>[1];

function vtepOf(objects: readonly SnapshotObject[], rest?: Rest): ReturnType<typeof wantVtep> {
  const wish = wishOf(objects);
  return wantVtep(wish.networks[0]!, factsOf(wish, rest));
}

function routesOf(vtep: ReturnType<typeof wantVtep>): string[] {
  return [...vtep.routes.values()].map((route) => describeStep({ do: 'route', device: vtep.name, route }));
}

t.test('the device and its entries: per peer one of each', async (t) => {
  const vtep = vtepOf(cluster(3));
  t.match(vtep, {
    name: 'vtep1042',
    alias: 'corral:corral',
    vni: 1042,
    port: 4789,
    family: 4,
    mtu: 1450,
    held: undefined,
  });
  t.equal(vtep.mac, vtepMac(hostIdOf(1)));
  t.equal(vtep.local, ip('192.168.50.11'));
  const [two, three] = [vtepMac(hostIdOf(2)), vtepMac(hostIdOf(3))];
  t.same(
    [...vtep.fdb],
    [
      [two, ip('192.168.50.12')],
      [three, ip('192.168.50.13')],
    ],
  );
  t.same(
    [...vtep.neighbours],
    [
      [ip('10.42.2.0'), two],
      [ip('10.42.3.0'), three],
    ],
  );
  t.same(routesOf(vtep), [
    'add route 10.42.2.0/24 via 10.42.2.0 dev vtep1042 onlink src 10.42.1.1',
    'add route 10.42.3.0/24 via 10.42.3.0 dev vtep1042 onlink src 10.42.1.1',
  ]);
});

t.test('how large a packet may be', async (t) => {
  const mtuOf = (uplink: number | undefined, configured: number | null = null, agentIp?: string): number => {
    const objects = [
      networkObject('corral', { mtu: configured }),
      hostObject(1, agentIp ? { agentIp } : {}),
      hostObject(2, agentIp ? { agentIp: `${agentIp}2` } : {}),
      ...cluster(2).slice(3),
    ];
    const wish = wishOf(objects);
    const address = wish.networks[0]!.self.address;
    return wantVtep(wish.networks[0]!, { addresses: new Map(uplink ? [[address, uplink]] : []), paths: new Map() }).mtu;
  };
  t.equal(mtuOf(1_500), 1_450);
  t.equal(mtuOf(1_500, null, 'fd50::1'), 1_430, 'an IPv6 header is longer');
  t.equal(mtuOf(9_000), 8_950);
  t.equal(mtuOf(9_000, 1_400), 1_400, 'as configured');
  t.equal(mtuOf(1_500, 9_000), 1_450, 'but no more than the uplink carries');
  t.equal(mtuOf(undefined), 1_450, 'an unknown uplink is taken for Ethernet');
  t.equal(mtuOf(500), 576);
  t.equal(mtuOf(65_536), 65_486);
});

t.test('a peer behind a smaller way has routes of its own size', async (t) => {
  const objects = cluster(3);
  const wish = wishOf(objects);
  const paths = new Map<Ip, Path>([[ip('192.168.50.12'), { index: 2, onLink: false, mtu: 1_400 }]]);
  const facts = factsOf(wish, { paths });
  t.same(routesOf(wantVtep(wish.networks[0]!, facts)), [
    'add route 10.42.2.0/24 via 10.42.2.0 dev vtep1042 onlink src 10.42.1.1 mtu 1350',
    'add route 10.42.3.0/24 via 10.42.3.0 dev vtep1042 onlink src 10.42.1.1',
  ]);
  t.same(
    wish.networks[0]!.peers.map((peer) => mtuTo(wish.networks[0]!, peer, facts)),
    [1_350, 1_450],
  );
});

t.test('without the bridge’s address no route is made; those there are stay', async (t) => {
  const addresses = new Map([[ip('192.168.50.11'), 1_500]]);
  const vtep = vtepOf(cluster(2), { addresses });
  t.same(routesOf(vtep), []);
  t.match(vtep.held, { base: ip('10.42.0.0'), prefix: 16 });
  t.equal(vtep.neighbours.size, 1, 'the rest is there already');
  t.equal(
    vtepOf(cluster(2), { addresses: new Map() }).local,
    undefined,
    'an address that the host does not have is no source',
  );
});

t.test('of several gateways the first that is there', async (t) => {
  const objects = [...cluster(2), blockObject(1, '10.42.0.0/24')];
  t.match(routesOf(vtepOf(objects)), [/src 10\.42\.0\.1$/]);
  const addresses = new Map([
    [ip('192.168.50.11'), 1_500],
    [ip('10.42.1.1'), 1_450],
  ]);
  t.match(routesOf(vtepOf(objects, { addresses })), [/src 10\.42\.1\.1$/]);
});

t.test('IPv6 inside goes by link-local next hops', async (t) => {
  const objects = [
    networkObject('corral', { subnet6: 'fd42::/48' }),
    hostObject(1),
    hostObject(2),
    ...[1, 2].map((number) => blockObject(number, undefined, { cidr6: `fd42:0:0:${number}::/64` })),
  ];
  const vtep = vtepOf(objects);
  const via = [...vtep.neighbours.keys()].find((address) => typeof address === 'string');
  t.match(via, /^fe80::/);
  t.same(routesOf(vtep).slice(1), [`add route fd42:0:0:2::/64 via ${via} dev vtep1042 onlink src fd42:0:0:1::1`]);
  t.equal(vtep.sysctls.get('net/ipv6/conf/vtep1042/forwarding'), '1');
});

t.test('direct: without the tunnel to peers on the same link, through it to the others', async (t) => {
  const objects = [networkObject('corral', { direct: true }), ...cluster(3).slice(1)];
  const paths = new Map<Ip, Path>([
    [ip('192.168.50.12'), { index: 7, onLink: true, mtu: 1_500 }],
    [ip('192.168.50.13'), { index: 7, onLink: false, mtu: 1_500 }],
  ]);
  const vtep = vtepOf(objects, { paths });
  t.same(routesOf(vtep), [
    'add route 10.42.2.0/24 via 192.168.50.12 dev #7 src 10.42.1.1',
    'add route 10.42.3.0/24 via 10.42.3.0 dev vtep1042 onlink src 10.42.1.1',
  ]);
  t.equal(vtep.fdb.size, 2, 'the way back into the tunnel is prepared');
});

t.test('where containers ask for addresses of other hosts, the bridge answers', async (t) => {
  t.equal(vtepOf(cluster(2)).bridgeSysctls.size, 0);
  const single = vtepOf([...cluster(2), containerObject(2, '10.42.1.9')]);
  t.equal(single.bridgeSysctls.get('net/ipv4/conf/corral0/proxy_arp'), '1');
  const flat = vtepOf([
    networkObject('flat', { blocks: 'none', vni: 5 }),
    hostObject(1),
    hostObject(2),
    containerObject(2, '10.42.9.9', { network: 'flat' }),
  ]);
  t.equal(flat.bridgeSysctls.get('net/ipv4/neigh/corral-flat/proxy_delay'), '0');
  t.match(routesOf(flat), [/^add route 10\.42\.9\.9\/32 via 192\.168\.50\.12 dev vtep5 onlink$/]);
  t.same([...flat.neighbours.keys()].map(renderAddress), ['192.168.50.12']);
});
