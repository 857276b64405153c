import t from 'tap';
import { claimsOf } from '../../../../daemons/network-manager/ports/port-claims.ts';
import type { PortNetwork } from '../../../../daemons/network-manager/ports/port-networks.ts';
import { PortTable } from '../../../../daemons/network-manager/ports/port-table.ts';
import { stateOfPorts } from '../../../../daemons/network-manager/ports/ports-health.ts';
import type { Family } from '../../../../daemons/shared/model/ip.ts';
import type { ContainerObject } from '../../../../daemons/shared/model/objects.ts';
import { container } from '../../support/snapshots.ts';
import { tableOf as choose, openNetwork as open } from './support.ts';

const port = ['0.0.0.0:8080:80/tcp'];
const shut: PortNetwork = { ...open, ways: { 4: { ...open.ways[4]!, isOpen: false } } };
const owners = (chosen: PortTable): string[] =>
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
  t.match(choose(one, shut), { served: new Map(), waiting: 1 }, 'its bridge is not up');
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
  const state = (chosen: PortTable, skipped: readonly string[] = []): unknown => stateOfPorts(chosen, [], skipped);
  t.match(state(choose([container('a', '10.42.7.9', port)])), { ok: true, text: '1 published' });
  const waiting = choose([container('a', '10.42.7.9', port)], shut);
  t.match(state(waiting), { ok: true, text: '0 published, 1 wait for their bridge' });
  const fight = choose([1, 2, 3, 4, 5].map((at) => container(`c${at}`, `10.42.7.${at}`, port, { createdAt: at })));
  t.match(state(fight), { ok: false, code: 'PORT_CONFLICT', degradesOnly: true, text: /c1 has it, c2 .*and 1 more$/ });
  const reserved = choose([container('a', '10.42.7.9', ['169.254.169.250:80:80/tcp'])]);
  t.equal(reserved.served.size, 0);
  t.match(state(reserved), { code: 'PORT_CONFLICT', text: /metadata's and DNS's/ });
  t.match(state(choose([]), ['a\nb']), { code: 'RECORD_INVALID', text: '"a\\nb" cannot be published' });
  const served = choose([container('a', '10.42.7.9', port)]);
  t.match(stateOfPorts(served, [...served.served.values()], []), { code: 'PORT_TAKEN', text: /tcp\/0.0.0.0:8080/ });
});

t.test('both families', async (t) => {
  const ips = ['10.42.7.9', 'fd42::9'];
  const dual = (ports: readonly string[]): ContainerObject => container('dual', '10.42.7.9', ports, { ips });
  const targets = (...ports: string[]): string[] =>
    ([4, 6] as const).flatMap((family) =>
      choose([dual(ports)])
        .rules(family)
        .ranges.flatMap(({ rules }) => rules),
    );
  t.same(targets('0.0.0.0:8080:80/tcp'), [
    '-p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.42.7.9:80',
    '-p tcp -m tcp --dport 8080 -j DNAT --to-destination [fd42::9]:80',
  ]);
  t.same(targets('[::]:8080:80/tcp'), ['-p tcp -m tcp --dport 8080 -j DNAT --to-destination [fd42::9]:80']);
  t.same(targets('[2001:db8::1]:8080:80/udp'), [
    '-d 2001:db8::1/128 -p udp -m udp --dport 8080 -j DNAT --to-destination [fd42::9]:80',
  ]);
  t.same(owners(choose([dual(['0.0.0.0:8080:80/tcp', '[::]:8080:80/tcp'])])), [
    'tcp/0.0.0.0:8080 dual',
    'tcp/[::]:8080 dual',
  ]);
  const [six] = claimsOf(dual(['[::]:8080:80/tcp'])).claims;
  t.equal(six?.family, 6);
  t.equal(choose([dual(['[fd00:a9fe:a9fe::250]:80:80/tcp'])]).reserved.length, 1);
});

t.test('a change touches one range, and what was taken back leaves nothing', async (t) => {
  const table = choose([container('a', '10.42.7.9', [...port, '0.0.0.0:9000:80/tcp'])]);
  const before = table.rules(4);
  t.same([...table.takeChanged()].sort(), ['tcp/0.0.0.0:8080', 'tcp/0.0.0.0:9000']);
  const [more] = claimsOf(container('b', '10.42.7.10', ['0.0.0.0:8081:80/tcp'])).claims;
  table.add(more!);
  const after = table.rules(4);
  t.equal(after.ranges[1], before.ranges[1], 'the very same');
  t.not(after.ranges[0], before.ranges[0]);
  t.equal(after.ranges[0]!.rules.length, 2);
  t.same([...table.takeChanged()], ['tcp/0.0.0.0:8081']);
  table.remove(more!);
  t.same(table.rules(4), before);
  t.same([...table.takeChanged()], ['tcp/0.0.0.0:8081']);
  t.same([...table.takeChanged()], []);
});

t.test('a thousand random changes come to what a new table says', async (t) => {
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor(seed / 65_536) % below;
  };
  const binds = ['0.0.0.0', '192.0.2.1', '127.0.0.1', '[::]', '[2001:db8::1]', '169.254.169.250'];
  const some = (at: number): ContainerObject =>
    container(`c${at}`, `10.42.7.${at}`, [`${binds[random(6)]}:${8_000 + random(40) * 8}:80/tcp`], {
      createdAt: random(5),
      ips: random(2) === 0 ? [`10.42.7.${at}`] : [`10.42.7.${at}`, `fd42::${at}`],
    });
  const all = new Map<number, ContainerObject>();
  const table = new PortTable(new Map([[open.name, open]]), []);
  const claims = new Map<number, ReturnType<typeof claimsOf>['claims']>();
  for (let turn = 0; turn < 1_000; turn += 1) {
    const at = random(60);
    for (const claim of claims.get(at) ?? []) table.remove(claim);
    all.delete(at);
    claims.delete(at);
    if (random(3) === 0) continue;
    const next = some(at);
    all.set(at, next);
    claims.set(at, claimsOf(next).claims);
    for (const claim of claims.get(at)!) table.add(claim);
  }
  const fresh = new PortTable(new Map([[open.name, open]]), []);
  for (const claim of [...claims.values()].flat().reverse()) fresh.add(claim);
  t.same(owners(table), owners(fresh));
  for (const family of [4, 6] as Family[]) t.same(table.rules(family), fresh.rules(family));
  t.same(stateOfPorts(table, [], []), stateOfPorts(fresh, [], []));
  t.ok(table.conflicts.length > 3 && owners(table).length > 10, 'it was no empty comparison');
});
