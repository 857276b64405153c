import t from 'tap';
import { Mirror } from '../../../../daemons/metadata/cluster/mirror.ts';
import type { KeyValue } from '../../../../daemons/shared/effects/etcd.ts';
import { host, hostId, idOf, otherHostId, record } from '../../../fixtures/records.ts';
import { tunnelObject } from '../../../fixtures/tunnel-objects.ts';

const root = '/corral/v1/';
const third = '33333333-3333-4333-8333-333333333333';
const at = (key: string, value: unknown, modified: number, created = modified): KeyValue => ({
  key: root + key,
  value: typeof value === 'string' ? value : JSON.stringify(value),
  created,
  modified,
});
const info = (id: string, modified: number): KeyValue =>
  at(`hosts/${id}/info`, host({ id, name: id.slice(0, 4) }), modified);
const box = (id: string, number: number, modified: number, differing = {}): KeyValue =>
  at(`hosts/${id}/containers/${idOf(number)}`, record(number, { hostId: id, ...differing }), modified);
const block = (id: string, cidr: string, modified: number): KeyValue =>
  at(`blocks/corral/${cidr}`, { hostId: id, order: 0 }, modified);

function list(mirror: Mirror, items: readonly KeyValue[], emptied = false): ReturnType<Mirror['take']> {
  mirror.startList(emptied);
  mirror.page(items);
  mirror.endList();
  return mirror.take();
}
const names = (mirror: Mirror): string =>
  [...mirror.containers()]
    .map(({ name }) => name)
    .sort()
    .join();

t.test('lists and changes give the records of others, each difference once', async (t) => {
  const mirror = new Mirror(hostId);
  const items = [
    box(otherHostId, 1, 5),
    info(otherHostId, 6),
    box(hostId, 9, 7),
    block(otherHostId, '10.42.1.0/24', 8),
  ];
  const first = list(mirror, items);
  t.same(
    first.put.map(({ name }) => name),
    ['c1'],
  );
  t.ok(first.facts);
  t.equal(mirror.own.size, 1, 'own keys are kept apart');
  t.same(list(mirror, items), { put: [], drop: [], facts: false }, 'the same list again changes nothing');
  mirror.apply([{ put: box(otherHostId, 1, 9, { name: 'renamed' }) }, { put: box(otherHostId, 2, 9) }]);
  t.same(
    mirror
      .take()
      .put.map(({ name }) => name)
      .sort(),
    ['c2', 'renamed'],
  );
  mirror.apply([{ put: box(otherHostId, 1, 8, { name: 'late' }) }, { drop: items[0]!.key, modified: 7 }]);
  t.equal(names(mirror), 'c2,renamed', 'what is older than what is known counts for nothing');
  mirror.apply([{ drop: items[0]!.key, modified: 10 }]);
  t.same(mirror.take(), { put: [], drop: [idOf(1)], facts: false });
  const shorter = list(mirror, [info(otherHostId, 6)]);
  t.same(shorter.drop, [idOf(2)], 'what a list lacks is gone');
  t.equal(mirror.blocks.size, 0);
});

t.test('containers are seen with their host, and hidden with it', async (t) => {
  const mirror = new Mirror(hostId);
  list(mirror, [box(otherHostId, 1, 5)]);
  t.equal(names(mirror), '');
  mirror.apply([{ put: info(otherHostId, 6) }]);
  t.equal(mirror.take().put.length, 1);
  mirror.hide(otherHostId, true);
  mirror.hide(otherHostId, true);
  t.same(mirror.take().drop, [idOf(1)]);
  mirror.apply([{ put: box(otherHostId, 2, 7) }]);
  t.same(mirror.take().put, []);
  mirror.hide(otherHostId, false);
  t.equal(mirror.take().put.length, 2);
  mirror.forget(otherHostId);
  t.equal(mirror.take().drop.length, 2);
  t.equal(mirror.infos.size, 0);
});

t.test('an emptied store takes nothing away; what a host has not written again goes with its info', async (t) => {
  const kept = new Map<string, KeyValue | undefined>();
  const mirror = new Mirror(hostId, (key, value) => kept.set(key, value));
  const items = [
    box(otherHostId, 1, 5),
    box(otherHostId, 2, 5),
    info(otherHostId, 6),
    block(otherHostId, '10.42.1.0/24', 8),
  ];
  list(mirror, [...items, box(third, 3, 5), info(third, 6), at('networks/blue', plan, 4)]);
  kept.clear();
  const after = list(mirror, [], true);
  t.same([after.put, after.drop], [[], []]);
  t.equal(names(mirror), 'c1,c2,c3');
  t.ok(mirror.networks.get(`${root}networks/blue`)?.old, 'for whoever writes it again');
  t.equal(kept.size, 0);
  mirror.apply([{ put: box(otherHostId, 1, 2) }]);
  t.equal(names(mirror), 'c1,c2,c3', 'not before all is written');
  mirror.apply([{ put: info(otherHostId, 3) }]);
  t.equal(names(mirror), 'c1,c3');
  t.equal(mirror.blocks.size, 0);
  list(mirror, [box(otherHostId, 1, 2), info(otherHostId, 3)]);
  t.equal(names(mirror), 'c1,c3', 'who is not back yet is waited for, whatever a later list lacks');
  mirror.forget(third);
  t.equal(names(mirror), 'c1');
});

t.test('what other hosts wrote wrongly is refused and counted, the last good value stays', async (t) => {
  const mirror = new Mirror(hostId);
  list(mirror, [box(otherHostId, 1, 5), info(otherHostId, 6)]);
  const bad = [
    box(otherHostId, 1, 7, { hostId: third }),
    box(otherHostId, 1, 7, { ips: ['nonsense'] }),
    at(`hosts/${otherHostId}/info`, host({ id: third }), 7),
    at(`hosts/${otherHostId}/info`, '{"broken', 7),
    at(`hosts/${otherHostId}/info`, 'x'.repeat(600_000), 7),
    at('networks/blue', { ...plan, name: 'green' }, 7),
    at('networks/blue', { ...plan, subnet: '10.9.0.1/16' }, 7),
    at('networks/blue', { ...plan, block: 99 }, 7),
    at('blocks/corral/10.42.9.0/24', { hostId: 'me' }, 7),
    at('addresses/flat/10.43.0.9', { hostId: otherHostId, owner: 7 }, 7),
    at(`alive/${otherHostId}`, [], 7),
    at('declared/services/a', 'null', 7),
  ];
  for (const item of bad) mirror.apply([{ put: item }]);
  t.equal(mirror.refused, bad.length);
  t.equal(names(mirror), 'c1');
  t.equal(mirror.infos.size, 1);
  t.equal(mirror.networks.size + mirror.blocks.size + mirror.leases.size + mirror.declared.size, 0);
  list(mirror, [box(otherHostId, 1, 8, { ips: ['nonsense'] }), info(otherHostId, 6)]);
  t.equal(names(mirror), 'c1', 'in a list too');
});

t.test('one id of two hosts: the older claim counts, and its end asks for a list', async (t) => {
  const mirror = new Mirror(hostId);
  list(mirror, [box(otherHostId, 1, 9), box(third, 1, 5), info(otherHostId, 1), info(third, 1)]);
  t.same(
    [...mirror.containers()].map((one) => one.hostId),
    [third],
  );
  mirror.apply([{ drop: `${root}hosts/${otherHostId}/containers/${idOf(1)}`, modified: 10 }]);
  t.equal(names(mirror), 'c1');
  mirror.apply([{ drop: `${root}hosts/${third}/containers/${idOf(1)}`, modified: 11 }]);
  t.ok(mirror.needsList);
});

const plan = {
  name: 'blue',
  subnet: '10.50.0.0/16',
  block: 24,
  driver: 'none',
  isDefault: false,
  mtu: null,
  hostPorts: true,
};

t.test('tunnels are facts of their host, checked, and gone with it', async (t) => {
  const mirror = new Mirror(hostId);
  const tunnel = tunnelObject(2);
  const id = tunnel.id;
  const key = `hosts/${id}/tunnel`;
  t.ok(list(mirror, [at(key, tunnel, 3), info(id, 4)]).facts);
  t.same(
    [...mirror.tunnels.values()].map(({ value }) => value),
    [tunnel],
  );
  mirror.apply([{ put: at(key, { ...tunnel, serial: 'x' }, 5) }, { put: at(`hosts/${third}/tunnel`, tunnel, 5) }]);
  t.equal(mirror.refused, 2, 'what is no tunnel, or in the place of another host');
  t.same(mirror.tunnels.get(`${root}${key}`)?.value, tunnel, 'the last good one stays');
  t.equal(mirror.take().facts, false);
  t.notOk(list(mirror, [info(id, 1)], true).put.length);
  t.equal(mirror.tunnels.size, 0, 'a store that was emptied and written again without it');
  list(mirror, [at(key, tunnel, 7), info(id, 8)]);
  mirror.forget(id);
  t.equal(mirror.tunnels.size, 0);
});
