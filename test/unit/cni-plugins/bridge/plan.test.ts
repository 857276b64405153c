import t from 'tap';
import { parseBridgeConf } from '../../../../cni-plugins/bridge/bridge-conf.ts';
import { containerMtu, planAttach, renderRoute } from '../../../../cni-plugins/bridge/plan.ts';
import { parseBlockFile } from '../../../../cni-plugins/ipam/block-file.ts';
import { chooseAddress } from '../../../../cni-plugins/ipam/choose-address.ts';
import { parseIpamConf } from '../../../../cni-plugins/ipam/ipam-conf.ts';
import { type Given, type Pool, poolOfBlock, poolOfSubnet } from '../../../../cni-plugins/ipam/pool.ts';
import { type Ip, parseInterface, renderInterface, renderIp } from '../../../../daemons/shared/model/ip.ts';
import type { Mac } from '../../../../daemons/shared/model/mac.ts';
import { block as blockText, dualBlock } from '../../../fixtures/blocks.ts';
import { cniCodeOf } from '../cni-code-of.ts';

const block = parseBlockFile(JSON.stringify({ ...blockText, mtu: 1500 }))!;

/** As ADD does it: the configuration, the pool it leads to, one address of each set, the plan. */
function plan(
  config: object,
  args: Record<string, string> = {},
  options: { address?: string; block?: typeof block | undefined; bridgeAddress?: Ip } = {},
): ReturnType<typeof planAttach> {
  const whole = { name: 'corral', ...config };
  const conf = parseBridgeConf(whole, args);
  const ipam = parseIpamConf(whole, args);
  const { block: ownBlock = 'block' in options ? undefined : block } = options;
  const pool = poolFor(ipam, ownBlock);
  const requested = options.address === undefined ? undefined : parseInterface(options.address)!.address;
  const given = pool.sets.map((set) => chooseAddress({ set, taken: new Set(), requested })) as Given[];
  const ground = {
    block: pool.block,
    bridgeSubnet: ipam.bridgeSubnet,
    bridgeAddress: options.bridgeAddress,
    routes: ipam.routes,
  };
  const owner = { network: 'corral', containerId: 'c', ifname: 'eth0' };
  return planAttach(conf, ground, owner, given, '02:00:00:00:00:0a' as Mac);
}

function poolFor(ipam: ReturnType<typeof parseIpamConf>, own: typeof block | undefined): Pool {
  if (ipam.sets.length > 0) return { network: 'corral', sets: ipam.sets, block: undefined };
  if (own) return poolOfBlock(own);
  const { subnet, address } = ipam.bridgeSubnet!;
  return poolOfSubnet('corral', subnet, address, ipam.prefixSize ?? subnet.prefix);
}

const routes = (...given: Parameters<typeof plan>): string[] =>
  plan(...given).routes.map((route) => {
    const { dst, gw } = renderRoute(route);
    return `${dst}${gw ? ` via ${gw}` : ''}${route.onlink ? ' onlink' : ''}`;
  });

t.test('the container’s MTU, as the originals had it', async (t) => {
  const rows: [number, number, number][] = [
    [1500, 98, 1402],
    [1500, 0, 1500],
    [50, 98, 50],
  ];
  for (const [mtu, overhead, want] of rows) t.equal(containerMtu(mtu, overhead), want, `${mtu} ${overhead}`);
});

t.test('MTU of the container’s link', async (t) => {
  const rows: [object, Record<string, string>, number][] = [
    [{}, {}, 1500],
    [{ mtu: 1400 }, {}, 1400],
    [{ mtu: 0 }, {}, 1500],
    [{ mtu: 1500, linkMTUOverhead: 98 }, {}, 1402],
    [{ mtu: 1500, linkMTUOverhead: 98 }, { LinkMTUOverhead: '0' }, 1500],
    [{ mtu: 1500, linkMTUOverhead: 98 }, { LinkMTUOverhead: 'abc' }, 1402],
    [{ mtu: 100, linkMTUOverhead: 98 }, {}, 100],
  ];
  for (const [config, args, mtu] of rows) t.equal(plan(config, args).mtu, mtu, JSON.stringify([config, args]));
});

const bridgeOf = (...given: Parameters<typeof plan>): string[] => plan(...given).bridge.addresses.map(renderInterface);

t.test('routes', async (t) => {
  const ipam = { routes: [{ dst: '169.254.169.250/32' }, { dst: '192.0.2.9/24', gw: '10.42.7.9' }] };
  t.same(routes({}), ['0.0.0.0/0 via 10.42.7.1']);
  t.same(routes({ ipam }), [
    '0.0.0.0/0 via 10.42.7.1',
    '169.254.169.250/32 via 10.42.7.1',
    '192.0.2.0/24 via 10.42.7.9',
  ]);
  t.same(routes({ isDefaultGateway: false, ipam }), ['169.254.169.250/32 via 10.42.7.1', '192.0.2.0/24 via 10.42.7.9']);
  t.same(routes({ ipam: { routes: [{ dst: '0.0.0.0/0', gw: '10.42.7.9' }] } }), ['0.0.0.0/0 via 10.42.7.9']);
  t.same(routes({}, {}, { address: '10.42.99.9/32' }), ['10.42.7.1/32', '0.0.0.0/0 via 10.42.7.1 onlink']);
});

t.test('an address outside the block needs a route of the host', async (t) => {
  t.same(plan({}).hostRoutes, []);
  t.match(plan({}, {}, { address: '10.42.99.9/32' }).hostRoutes, [{ prefix: 32, gatewayPrefix: 24 }]);
});

t.test('the bridge is ours unless the configuration names another', async (t) => {
  t.match(plan({}).bridge, { name: 'corral0', mac: '0a:58:0a:2a:07:01', own: true, promisc: false, others: 'keep' });
  t.same(bridgeOf({}), ['10.42.7.1/24']);
  t.match(plan({ bridge: 'corral0' }).bridge, { own: true });
  t.match(plan({ bridge: 'docker0', promiscMode: true }).bridge, { name: 'docker0', own: false, promisc: true });
});

t.test('ports: locked and reflecting, unless told otherwise; flags as booleans or as old texts', async (t) => {
  t.match(plan({}), { locked: true, hairpin: true });
  t.match(plan({ promiscMode: true }), { hairpin: false });
  t.match(plan({ macspoofchk: false, hairpinMode: 'false' }), { locked: false, hairpin: false });
});

t.test('Rancher’s configuration is understood', async (t) => {
  const rancher = {
    type: 'rancher-bridge',
    bridge: 'docker0',
    bridgeSubnet: '10.42.0.0/16',
    isDefaultGateway: true,
    hostNat: true,
    hairpinMode: false,
    promiscMode: true,
    mtu: 1500,
    linkMTUOverhead: 98,
    logToFile: '/var/log/rancher-cni.log',
    isDebugLevel: 'false',
    ipam: {
      type: 'rancher-cni-ipam',
      subnetPrefixSize: '/16',
      routes: [{ dst: '169.254.169.250/32', gw: '10.42.0.1' }],
    },
  };
  t.match(plan(rancher), { mtu: 1402, hairpin: false });
});

t.test('wrong keys are refused with code 7', async (t) => {
  const wrong: object[] = [
    { name: '../x' },
    { network: 7 },
    { bridge: 'a/b' },
    { bridge: 7 },
    { mtu: -1 },
    { mtu: 67 },
    { mtu: '1500' },
    { mtu: 65536 },
    { linkMTUOverhead: 'x' },
    { hairpinMode: true, promiscMode: true },
    { hairpinMode: 1 },
    { macspoofchk: 'yes' },
    { ipam: { routes: {} } },
    { ipam: { routes: [7] } },
    { ipam: { routes: [{ dst: '10.0.0.0' }] } },
    { ipam: { routes: [{ dst: '10.0.0.0/8', gw: 'x' }] } },
    { ipam: { routes: new Array(129).fill({ dst: '10.0.0.0/8' }) } },
    { dns: 'x' },
    { bridgeSubnet: 'x' },
    { bridgeSubnet: '10.42.0.1/32' },
    { bridgeSubnet: '10.42.0.0/16', bridgeIP: '10.43.0.1' },
    { bridgeSubnet: '10.42.0.0/16', bridgeIP: 'x' },
    { ipam: { subnetPrefixSize: '16' } },
    { ipam: { subnetPrefixSize: '/0' } },
    { isDefaultGateway: true, ipam: { routes: [{ dst: '0.0.0.0/0', gw: '10.42.7.9' }] } },
    { runtimeConfig: { dns: 7 } },
    { enabledad: 'x' },
  ];
  for (const config of wrong)
    t.equal(
      cniCodeOf(() => plan(config)),
      7,
      JSON.stringify(config).slice(0, 80),
    );
});

t.test('what is not supported is refused with code 2', async (t) => {
  const rows: object[] = [
    { vlan: 100 },
    { vlanTrunk: [{ id: 5 }] },
    { disableContainerInterface: true },
    { runtimeConfig: { bandwidth: { ingressRate: 1000, ingressBurst: 1000 } } },
  ];
  for (const config of rows)
    t.equal(
      cniCodeOf(() => plan(config)),
      2,
      JSON.stringify(config),
    );
  plan({ vlan: 0, vlanTrunk: [], disableContainerInterface: false, runtimeConfig: { bandwidth: { ingressRate: 0 } } });
});

const rancher = { type: 'rancher-bridge', bridge: 'docker0', bridgeSubnet: '10.42.0.0/16' };
const noBlock = { block: undefined };

t.test('bridgeSubnet and bridgeIP without a block', async (t) => {
  const rows: [object, string][] = [
    [{}, '10.42.0.1/16'],
    [{ bridgeIP: '' }, '10.42.0.1/16'],
    [{ bridgeIP: '10.42.0.5' }, '10.42.0.5/16'],
    [{ bridgeIP: '10.42.0.5/24' }, '10.42.0.5/16'],
    [{ bridgeSubnet: '10.42.3.9/16' }, '10.42.0.1/16'],
    [{ bridgeSubnet: '10.42.0.254/31' }, '10.42.0.255/31'],
    [{ bridgeSubnet: 'fd00::/64' }, 'fd00::1/64'],
  ];
  for (const [more, want] of rows) t.same(bridgeOf({ ...rancher, ...more }, {}, noBlock), [want], JSON.stringify(more));
  t.same(bridgeOf({ ...rancher, skipBridgeConfigureIP: true }, {}, noBlock), [], 'the bridge is left alone');
});

t.test('the gateway of a container', async (t) => {
  const gatewayOf = (...given: Parameters<typeof plan>): string =>
    plan(...given).addresses.map(({ gateway }) => (gateway === undefined ? '-' : renderIp(gateway)))[0]!;
  const asked = { ...noBlock, address: '10.42.118.63/16' };
  t.equal(gatewayOf({ ...rancher, isGateway: true }, {}, asked), '10.42.0.1');
  t.equal(gatewayOf({ ...rancher, bridgeIP: '10.42.0.5', isGateway: true }, {}, asked), '10.42.0.5');
  const bridgeAddress = parseInterface('172.17.0.1/16')!.address;
  t.equal(gatewayOf({ ...rancher, useBridgeIPAsGateway: true }, {}, { ...asked, bridgeAddress }), '172.17.0.1');
  t.same(routes({ ...rancher, isDefaultGateway: true }, {}, { ...asked, bridgeAddress }), [
    '172.17.0.1/32',
    '0.0.0.0/0 via 172.17.0.1 onlink',
  ]);
});

t.test('default routes: Rancher’s plugin has none unless it is told', async (t) => {
  t.same(routes(rancher, {}, noBlock), []);
  t.same(routes({ ...rancher, isGateway: true }, {}, noBlock), []);
  t.same(routes({ ...rancher, isDefaultGateway: true }, {}, noBlock), ['0.0.0.0/0 via 10.42.0.1']);
  t.same(routes({ isGateway: false }), []);
  const ipam = { routes: [{ dst: '0.0.0.0/0', gw: '10.42.7.1' }] };
  t.same(routes({ isDefaultGateway: true, ipam }), ['0.0.0.0/0 via 10.42.7.1'], 'twice the same is no conflict');
  t.match(plan(rancher, {}, noBlock), { hairpin: false, locked: true });
});

const ranges = [[{ subnet: '10.9.0.0/24', gateway: '10.9.0.254' }], [{ subnet: 'fd09::/64' }]];

t.test('two families: an address, a gateway and a default route of each', async (t) => {
  const both = plan({ bridge: 'cni7', ipam: { ranges, routes: [{ dst: 'fd99::/64' }] } });
  t.same(both.addresses.map(renderInterface), ['10.9.0.1/24', 'fd09::2/64']);
  t.same(both.bridge.addresses.map(renderInterface), ['10.9.0.254/24', 'fd09::1/64']);
  t.match(both.bridge, { name: 'cni7', own: false, others: 'refuse', mtu: 1500 });
  t.same(
    both.routes.map((route) => renderRoute(route)),
    [
      { dst: '0.0.0.0/0', gw: '10.9.0.254' },
      { dst: '::/0', gw: 'fd09::1' },
      { dst: 'fd99::/64', gw: 'fd09::1' },
    ],
  );
  t.equal(plan({ ipam: { ranges } }).bridge.name, 'cni0');
  t.equal(plan({ ipam: { ranges }, forceAddress: true }).bridge.others, 'replace');
  t.same(
    routes({ ipam: { ranges: [ranges[1]], routes: [{ dst: '192.0.2.0/24' }] } }),
    ['::/0 via fd09::1'],
    'IPv6 only',
  );
});

t.test('a block with IPv6', async (t) => {
  const dual = parseBlockFile(JSON.stringify(dualBlock))!;
  const both = plan({ enabledad: true, portIsolation: true }, {}, { block: dual });
  t.same(both.addresses.map(renderInterface), ['10.42.7.2/24', 'fd00:7::2/64']);
  t.match(both, { detectDuplicates: true, isolated: true, bridge: { own: true } });
});

t.test('dns of the runtime before dns of the configuration', async (t) => {
  const dns = { nameservers: ['192.0.2.1'], domain: 'a' };
  t.same(parseBridgeConf({ name: 'x', dns }, {}).dns, dns);
  const runtimeConfig = { dns: { servers: ['192.0.2.2'], searches: ['b.c'] } };
  t.same(parseBridgeConf({ name: 'x', dns, runtimeConfig }, {}).dns, {
    domain: 'a',
    nameservers: ['192.0.2.2'],
    search: ['b.c'],
  });
});
