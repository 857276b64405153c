import { readFileSync } from 'node:fs';
import t from 'tap';
import { parseResult } from '../../../../cni-plugins/shared/parse-result.ts';
import { renderIpamResult, renderResult } from '../../../../cni-plugins/shared/render-result.ts';
import type { CniResult } from '../../../../cni-plugins/shared/result.ts';
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
  for (const version of supportedVersions) {
    t.strictSame(parseResult(renderResult(result, version)), version === '1.1.0' ? result : bare, version);
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
  ];
  for (const value of wrong) t.equal(parseResult(value), undefined, JSON.stringify(value));
  t.equal(parseResult({ ips: new Array(257).fill({ address: 'x' }) }), undefined, 'a result without end');
});
