import t from 'tap';
import {
  type ChosenPorts,
  choosePorts,
  type PortNetwork,
} from '../../../../daemons/network-manager/ports/choose-ports.ts';
import { claimsOf } from '../../../../daemons/network-manager/ports/port-claims.ts';
import { stateOfPorts } from '../../../../daemons/network-manager/ports/ports-health.ts';
import { parseCidr4, parseIpv4 } from '../../../../daemons/shared/model/ipv4.ts';
import type { ContainerObject } from '../../../../daemons/shared/model/objects.ts';
import { container } from '../../support/snapshots.ts';

const open: PortNetwork = { name: 'corral', hostPorts: true, subnet: parseCidr4('10.42.0.0/16')!, isOpen: true };
const service = parseIpv4('169.254.169.250')!;
const port = ['0.0.0.0:8080:80/tcp'];

function choose(containers: readonly ContainerObject[], network: PortNetwork = open): ChosenPorts {
  const claims = containers.flatMap((one) => claimsOf(one).claims);
  return choosePorts(claims, new Map([[network.name, network]]), service);
}
const owners = (chosen: ChosenPorts): string[] =>
  [...chosen.served].map(([key, { container }]) => `${key} ${container.name}`).sort();

t.test('the container created first has the port, in whatever order they come', async (t) => {
  const all = [
    container('young', '10.42.7.9', port, { createdAt: 3 }),
    container('old', '10.42.7.10', port, { createdAt: 1 }),
    container('middle', '10.42.7.11', [...port, '0.0.0.0:8081:80/tcp'], { createdAt: 2 }),
  ];
  for (const order of [all, all.toReversed(), [all[1]!, all[2]!, all[0]!]]) {
    const chosen = choose(order);
    t.same(owners(chosen), ['tcp/0.0.0.0:8080 old', 'tcp/0.0.0.0:8081 middle']);
    t.equal(chosen.conflicts.length, 2);
  }
});

t.test('at the same age the id decides', async (t) => {
  const a = container('a', '10.42.7.9', port, { id: 'a' });
  const b = container('b', '10.42.7.10', port, { id: 'b' });
  t.same(owners(choose([b, a])), owners(choose([a, b])));
  t.same(owners(choose([b, a])), ['tcp/0.0.0.0:8080 a']);
});

t.test('what is no conflict', async (t) => {
  const ports = ['192.0.2.1:8080:80/tcp', '192.0.2.2:8080:80/tcp', '0.0.0.0:8080:80/udp', ...port];
  const chosen = choose(ports.map((one, at) => container(`c${at}`, `10.42.7.${at + 2}`, [one])));
  t.equal(chosen.served.size, 4, 'other addresses and protocols');
  t.same(chosen.conflicts, []);
  const twice = choose([container('a', '10.42.7.9', [...port, '0.0.0.0:8080:81/tcp'])]);
  t.same(twice.conflicts, [], 'a container with itself');
  t.equal([...twice.served.values()][0]!.targetPort, 80, 'which has the lower of its two');
});

t.test('no port without a way to the container', async (t) => {
  const one = [container('a', '10.42.7.9', port)];
  t.match(choose(one, { ...open, isOpen: false }), { served: new Map(), waiting: 1 }, 'its bridge is not up');
  t.equal(choose([container('a', '10.99.0.9', port)]).waiting, 1, 'an address outside its network');
  t.match(choose(one, { ...open, name: 'other' }), { served: new Map(), waiting: 0 }, 'no such network here');
});

t.test('networks that publish nothing', async (t) => {
  const closed = { ...open, hostPorts: false };
  t.equal(choose([container('a', '10.42.7.9', port)], closed).served.size, 0);
  const rest = { system: true, labels: { 'io.rancher.network.host_ports': 'true' } };
  t.equal(choose([container('a', '10.42.7.9', port, rest)], closed).served.size, 1, 'but for who is allowed to');
});

t.test('what health says', async (t) => {
  const state = (chosen: ChosenPorts, skipped: readonly string[] = []): unknown => stateOfPorts(chosen, [], skipped);
  t.match(state(choose([container('a', '10.42.7.9', port)])), { ok: true, text: '1 published' });
  const waiting = choose([container('a', '10.42.7.9', port)], { ...open, isOpen: false });
  t.match(state(waiting), { ok: true, text: '0 published, 1 wait for their bridge' });
  const fight = choose([1, 2, 3, 4, 5].map((at) => container(`c${at}`, `10.42.7.${at}`, port, { createdAt: at })));
  t.match(state(fight), { ok: false, code: 'PORT_CONFLICT', degradesOnly: true, text: /c1 has it, c2 .*and 1 more$/ });
  const reserved = choose([container('a', '10.42.7.9', ['169.254.169.250:80:80/tcp'])]);
  t.equal(reserved.served.size, 0);
  t.match(state(reserved), { code: 'PORT_CONFLICT', text: /metadata's and DNS's/ });
  t.match(state(choose([]), ['a\nb']), { code: 'RECORD_INVALID', text: '"a\\nb" is no port' });
  const served = choose([container('a', '10.42.7.9', port)]);
  t.match(stateOfPorts(served, [...served.served.values()], []), { code: 'PORT_TAKEN', text: /tcp\/0.0.0.0:8080/ });
});
