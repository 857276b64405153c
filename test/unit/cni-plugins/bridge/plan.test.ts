import t from 'tap';
import { parseBridgeConf } from '../../../../cni-plugins/bridge/bridge-conf.ts';
import { planAttach, renderRoute } from '../../../../cni-plugins/bridge/plan.ts';
import { parseBlockFile } from '../../../../cni-plugins/ipam/block-file.ts';
import type { Mac } from '../../../../daemons/shared/model/mac.ts';
import { cniCodeOf } from '../cni-code-of.ts';

const block = parseBlockFile(
  JSON.stringify({
    version: 1,
    network: 'corral',
    subnet: '10.42.0.0/16',
    cidrs: ['10.42.7.0/24'],
    gateway: '10.42.7.1',
    bridge: 'corral0',
    mtu: 1500,
  }),
)!;

function plan(
  config: object,
  args: Record<string, string> = {},
  address = '10.42.7.2/24',
): ReturnType<typeof planAttach> {
  const conf = parseBridgeConf({ name: 'corral', ...config }, args);
  return planAttach(
    conf,
    block,
    { network: 'corral', containerId: 'c', ifname: 'eth0' },
    address,
    '02:00:00:00:00:0a' as Mac,
  );
}

const routes = (...given: Parameters<typeof plan>): string[] =>
  plan(...given).routes.map((route) => {
    const { dst, gw } = renderRoute(route);
    return `${dst}${gw ? ` via ${gw}` : ''}${route.onlink ? ' onlink' : ''}`;
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
  t.same(routes({}, {}, '10.42.99.9/32'), ['10.42.7.1/32', '0.0.0.0/0 via 10.42.7.1 onlink']);
});

t.test('an address outside the block needs a route of the host', async (t) => {
  t.equal(plan({}).hostRoute, false);
  t.equal(plan({}, {}, '10.42.99.9/32').hostRoute, true);
});

t.test('the bridge is ours unless the configuration names another', async (t) => {
  t.match(plan({}).bridge, { name: 'corral0', mac: '0a:58:0a:2a:07:01', prefix: 24, own: true, promisc: false });
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
  ];
  for (const config of wrong)
    t.equal(
      cniCodeOf(() => plan(config)),
      7,
      JSON.stringify(config).slice(0, 80),
    );
});
