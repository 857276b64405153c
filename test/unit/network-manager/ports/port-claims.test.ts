import t from 'tap';
import { claimsOf } from '../../../../daemons/network-manager/ports/port-claims.ts';
import type { ContainerObject } from '../../../../daemons/shared/model/objects.ts';
import { container } from '../../support/snapshots.ts';

const rules = (ports: readonly string[], rest: Partial<ContainerObject> = {}): string[] =>
  claimsOf(container('a', '10.42.118.63', ports, rest)).claims.map(({ rule }) => rule);

t.test('ports as metadata tells them', async (t) => {
  const to = '-j DNAT --to-destination 10.42.118.63';
  t.same(rules(['0.0.0.0:8080:80/tcp']), [`-p tcp -m tcp --dport 8080 ${to}:80`]);
  t.same(rules(['192.0.2.10:53:5353/udp']), [`-d 192.0.2.10/32 -p udp -m udp --dport 53 ${to}:5353`]);
  t.same(rules(['0.0.0.0:80:80']), [`-p tcp -m tcp --dport 80 ${to}:80`], 'tcp, if nothing else is said');
  t.same(rules(['0.0.0.0:3868:3868/sctp']), [`-p sctp -m sctp --dport 3868 ${to}:3868`]);
});

t.test('what is no port is skipped and told, alone', async (t) => {
  const bad = [
    'a:b:c:d',
    '[::]:80:80/tcp',
    '80',
    '0.0.0.0:0:80/tcp',
    '0.0.0.0:65536:80/tcp',
    '0.0.0.0:80:99999/tcp',
    '0.0.0.0::80/tcp',
    ':80:80/tcp',
    '0.0.0.0:80:80/bogus',
    '0.0.0.0:80:80/tcp\n-A INPUT -j ACCEPT',
    '256.0.0.1:80:80/tcp',
    '',
  ];
  const { claims, skipped } = claimsOf(container('a', '10.42.118.63', [...bad, '0.0.0.0:8080:80/tcp']));
  t.same(skipped, bad);
  t.equal(claims.length, 1);
});

t.test('who publishes', async (t) => {
  const port = ['0.0.0.0:8080:80/tcp'];
  for (const state of ['starting', 'running', 'stopping'] as const) t.equal(rules(port, { state }).length, 1, state);
  t.same(rules(port, { state: 'stopped' }), []);
  t.same(rules(port, { ips: [] }), [], 'no address');
  t.same(rules(port, { network: null }), [], 'no network');
  t.equal(rules(port, { externalId: null }).length, 1, 'a bare namespace too');
});

t.test('a system container may publish where its network does not', async (t) => {
  const always = (rest: Partial<ContainerObject>): boolean | undefined =>
    claimsOf(container('a', '10.42.118.63', ['0.0.0.0:80:80/tcp'], rest)).claims[0]?.always;
  const labels = { 'io.rancher.network.host_ports': 'true' };
  t.equal(always({ system: true, labels }), true);
  t.equal(always({ system: false, labels }), false);
  t.equal(always({ system: true }), false);
});
