import { readFileSync } from 'node:fs';
import t from 'tap';
import { parseResult } from '../../../../cni-plugins/shared/parse-result.ts';
import { renderIpamResult, renderResult } from '../../../../cni-plugins/shared/render-result.ts';
import { appendResult, type CniResult } from '../../../../cni-plugins/shared/result.ts';
import { supportedVersions } from '../../../../cni-plugins/shared/versions.ts';

const result: CniResult = {
  interfaces: [
    { name: 'corral0', mac: '0a:58:0a:2a:76:01', mtu: 1450 },
    { name: 'vethr0123456789', mac: '0e:00:00:00:00:01', mtu: 1450 },
    { name: 'eth0', mac: '02:00:00:00:00:0a', mtu: 1450, sandbox: '/proc/4242/ns/net' },
  ],
  ips: [{ address: '10.42.118.63/24', gateway: '10.42.118.1', interface: 2 }],
  routes: [{ dst: '0.0.0.0/0', gw: '10.42.118.1' }, { dst: '10.42.118.1/32' }],
  dns: { nameservers: ['169.254.169.250'], search: ['rancher.internal'] },
};

const golden = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../../fixtures/cni-plugins/${name}.json`, import.meta.url), 'utf8'));

t.test('one result in every dialect, as in its golden file', async (t) => {
  for (const version of supportedVersions)
    t.strictSame(renderResult(result, version), golden(`result-${version}`), version);
});

t.test('an IPAM result names no interfaces', async (t) => {
  const ips = [{ address: '10.42.118.63/24', gateway: '10.42.118.1' }];
  const ipam = { ...result, interfaces: [], ips };
  t.strictSame(renderIpamResult(ipam, '0.4.0'), golden('ipam-0.4.0'));
});

t.test('what was rendered in any dialect is read back', async (t) => {
  const bare = { ...result, interfaces: result.interfaces.map(({ mtu: _, ...rest }) => rest) };
  const perFamily = { ...result, interfaces: [], ips: result.ips.map(({ interface: _, ...ip }) => ip) };
  for (const version of supportedVersions) {
    const want = version === '1.1.0' ? result : version < '0.3.0' ? perFamily : bare;
    t.strictSame(parseResult(renderResult(result, version)), want, version);
  }
});

t.test('what is no result is refused', async (t) => {
  const wrong = [
    undefined,
    null,
    'x',
    [],
    { ips: {} },
    { interfaces: [{}] },
    { routes: [{ gw: '1.2.3.4' }] },
    { dns: 7 },
    { ip4: 'x' },
    { ip4: {} },
    { ip4: { ip: '10.0.0.1/8', routes: [7] } },
    { ip6: { ip: 7 } },
  ];
  for (const value of wrong) t.equal(parseResult(value), undefined, JSON.stringify(value));
  t.equal(parseResult({ ips: new Array(257).fill({ address: 'x' }) }), undefined, 'a result without end');
});

const dual: CniResult = {
  ...result,
  ips: [...result.ips, { address: 'fd00::5/64', gateway: 'fd00::1', interface: 2 }, { address: '10.9.0.1/24' }],
  routes: [...result.routes, { dst: '::/0', gw: 'fd00::1', mtu: 1400, priority: 5, table: 7 }],
};

t.test('two families in every dialect, as in the golden files', async (t) => {
  for (const version of supportedVersions)
    t.strictSame(renderResult(dual, version), golden(`dual-${version}`), version);
});

t.test('what 1.1.0 knows of interfaces and routes is kept, and dropped before', async (t) => {
  const rich = {
    ...dual,
    interfaces: [
      { name: 'net1', mac: '02:00:00:00:00:01', mtu: 1400, socketPath: '/run/vhost', pciID: '0000:00:1f.6' },
    ],
    routes: [{ dst: '10.0.0.0/8', gw: '10.42.0.1', mtu: 1400, advmss: 1360, priority: 1, table: 5, scope: 0 }],
  };
  t.strictSame(parseResult(renderResult(rich, '1.1.0')), rich);
  const older = renderResult(rich, '1.0.0') as CniResult;
  t.strictSame(older.interfaces, [{ name: 'net1', mac: '02:00:00:00:00:01' }]);
  t.strictSame(older.routes, [{ dst: '10.0.0.0/8', gw: '10.42.0.1' }]);
});

t.test('a chained result follows the one before it', async (t) => {
  const before = {
    interfaces: [{ name: 'net0' }],
    ips: [{ address: '192.0.2.1/24', interface: 0 }],
    routes: [],
    dns: { domain: 'a' },
  };
  const chained = appendResult(before, { ...result, dns: {} });
  t.same(
    chained.interfaces.map(({ name }) => name),
    ['net0', 'corral0', 'vethr0123456789', 'eth0'],
  );
  t.same(
    chained.ips.map((ip) => ip.interface),
    [0, 3],
  );
  t.same(chained.dns, { domain: 'a' });
  t.same(appendResult(before, result).dns, result.dns);
});
