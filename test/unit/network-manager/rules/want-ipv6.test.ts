import { readFileSync } from 'node:fs';
import t from 'tap';
import type { DeviceIp } from '../../../../daemons/network-manager/rules/observe.ts';
import { ruleFacts } from '../../../../daemons/network-manager/rules/rule-facts.ts';
import { wantRules } from '../../../../daemons/network-manager/rules/want-rules.ts';
import { type Family, parseIp } from '../../../../daemons/shared/model/ip.ts';
import { serviceAddress, serviceAddress6 } from '../../../../daemons/shared/model/networks.ts';
import type { ContainerObject, SnapshotObject } from '../../../../daemons/shared/model/objects.ts';
import type { Chain } from '../../../../daemons/shared/reconcile/iptables-plan.ts';
import { type TracedHost, trace, traceNew } from '../../support/packet-tracer.ts';
import { block, container, hostId, network, otherHostId, snapshotOf } from '../../support/snapshots.ts';
import { tableOf } from '../ports/support.ts';

const at = (device: string, address: string, prefix: number): DeviceIp => ({
  device,
  address: parseIp(address)!,
  prefix,
});
const objects: SnapshotObject[] = [
  network('corral', '10.42.0.0/16', { isDefault: true, subnet6: 'fd42::/48' }),
  block('corral', '10.42.7.0/24', hostId, { cidr6: 'fd42:0:0:7::/64' }),
  block('corral', '10.42.8.0/24', otherHostId, { cidr6: 'fd42:0:0:8::/64' }),
  network('elsewhere', '10.60.0.0/16', { subnet6: 'fd60::/48' }),
  block('elsewhere', '10.60.1.0/24', otherHostId, { cidr6: 'fd60:0:0:1::/64' }),
  network('old', '10.70.0.0/16'),
  block('old', '10.70.1.0/24'),
];
const addresses = [
  at('lo', '::1', 128),
  at('lo', serviceAddress6, 128),
  at('eth0', '2001:db8::1', 64),
  at('corral0', '10.42.7.1', 24),
  at('corral0', 'fd42:0:0:7::1', 64),
  at('docker0', '172.17.0.1', 16),
  at('docker0', 'fd17::1', 64),
];
const dual = container('dual', '10.42.7.9', ['0.0.0.0:8080:80/tcp', '[::]:53:5353/udp', '[2001:db8::1]:8080:90/tcp'], {
  ips: ['10.42.7.9', 'fd42:0:0:7::9'],
});

function chainsOf(family: Family, given = objects, containers: ContainerObject[] = [dual]): Chain[] {
  const address = parseIp(family === 4 ? serviceAddress : serviceAddress6)!;
  return wantRules(
    ruleFacts({
      snapshot: snapshotOf(given),
      addresses,
      service: { address, metadataPort: 80 },
      refused: new Set(),
      ports: tableOf(containers).rules(family),
    }),
  );
}

const render = (chains: readonly Chain[]): string =>
  chains.map(({ table, chain, rules }) => `${table} ${chain}\n${rules.map((rule) => `  ${rule}\n`).join('')}`).join('');

t.test('all chains of ip6tables', async (t) => {
  t.equal(render(chainsOf(6)), readFileSync(new URL('./want-ipv6.golden.txt', import.meta.url), 'utf8'));
});

t.test('the families have the same chains, and nothing of each other', async (t) => {
  const names = (chains: readonly Chain[]): string[] => chains.map(({ table, chain }) => `${table} ${chain}`).sort();
  const published = (chains: readonly Chain[]): string[] => names(chains).filter((name) => !/_(TCP|UDP)_/.test(name));
  t.same(published(chainsOf(6)), published(chainsOf(4)));
  t.notMatch(render(chainsOf(6)), /10\.42\.|172\.17\.|127\.0\.0|10\.70\./);
  t.notMatch(render(chainsOf(4)), /fd42|fd00|fd17/);
});

t.test('without a network that has IPv6 there is nothing to write', async (t) => {
  const four = objects.filter((one) => 'name' in one && one.name === 'old');
  t.same(chainsOf(6, four, []), []);
});

const host: TracedHost = {
  addresses: ['2001:db8::1', 'fd42:0:0:7::1', serviceAddress6],
  deviceTo: (address) => (address.startsWith('fd42:0:0:7:') ? 'corral0' : 'eth0'),
};

t.test('what becomes of packets', async (t) => {
  const chains = chainsOf(6);
  const from = (src: string, device = 'corral0') => ({ in: device, src, proto: 'tcp' }) as const;
  const out = trace(chains, { ...from('fd42:0:0:7::9'), out: 'eth0', dst: '2001:db8:9::9' });
  t.same(out, { verdict: 'accept', tracked: true, masqueraded: true }, 'outside');
  const peer = trace(chains, { ...from('fd42:0:0:7::9'), out: 'vtep1042', dst: 'fd42:0:0:8::9' });
  t.same(peer, { verdict: 'accept', tracked: true, masqueraded: false }, 'a container of another host');
  const other = trace(chains, { ...from('fd42:0:0:7::9'), out: 'vtep4096', dst: 'fd60:0:0:1::9' });
  t.same(other, { verdict: 'accept', tracked: true, masqueraded: false }, 'and of another network');
  t.equal(
    trace(chains, { ...from('2001:db8::66'), out: 'eth0', dst: '2001:db8::9' }).verdict,
    'policy',
    'a forged source',
  );
  const dns = { ...from('fd42:0:0:7::9'), proto: 'udp', dst: serviceAddress6, sport: 999, dport: 53 } as const;
  t.same(trace(chains, dns), { verdict: 'accept', tracked: false, masqueraded: false }, 'DNS');
  t.equal(trace(chains, { ...dns, in: 'eth0', src: '2001:db8::2' }).verdict, 'reject', 'a neighbour asks DNS');
  t.equal(trace(chains, { ...dns, in: 'docker0', src: 'fd17::2' }).verdict, 'accept', "Docker's containers may");

  const ask = (dst: string, dport: number, packet = from('2001:db8::2', 'eth0')): string =>
    traceNew(chains, host, { ...packet, dst, dport }).to;
  t.equal(ask('2001:db8::1', 8080), 'fd42:0:0:7::9:90', 'one address before any');
  t.equal(ask('fd42:0:0:7::1', 8080), 'fd42:0:0:7::9:80');
  t.equal(ask(serviceAddress6, 8080), `${serviceAddress6}:8080`, 'never on the service address');
  const sibling = traceNew(chains, host, { ...from('fd42:0:0:7::10'), dst: 'fd42:0:0:7::1', dport: 8080 });
  t.match(sibling, { verdict: 'accept', masqueraded: true, out: 'corral0' }, 'a sibling meets the bridge');
  const outside = traceNew(chains, host, { ...from('2001:db8::2', 'eth0'), dst: '2001:db8::1', dport: 8080 });
  t.match(outside, { verdict: 'accept', masqueraded: false }, 'who comes from outside keeps his address');
});
