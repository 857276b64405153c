import t from 'tap';
import { answer } from '../../../daemons/metadata/answer.ts';
import { parseIpv4 } from '../../../daemons/shared/model/ipv4.ts';
import type { ContainerObject } from '../../../daemons/shared/model/objects.ts';
import { container, otherHostId } from '../../fixtures/records.ts';
import { solo, World, webFront, worldObjects } from './world.ts';

const ip = (text: string) => parseIpv4(text)!;
const json = (world: World, target: string, self?: ContainerObject) =>
  answer(world.trees, { method: 'GET', target, accept: 'application/json', self }).body.toString();

t.test('the version follows the content, there and back, and from any side', async (t) => {
  const world = new World();
  const first = world.catalog.version;
  world.become(worldObjects);
  t.equal(world.catalog.version, first);
  world.change([{ ...solo, state: 'stopped' }]);
  t.not(world.catalog.version, first);
  world.change([solo]);
  t.equal(world.catalog.version, first);
  t.equal(new World([...worldObjects].reverse()).catalog.version, first);
});

t.test('the whole tree is the same whatever the order of the changes', async (t) => {
  const whole = json(new World(), '/latest');
  const slow = new World([]);
  for (const object of [...worldObjects].reverse()) slow.change([object]);
  t.equal(json(slow, '/latest'), whole);
  const wound = new World();
  wound.change([{ ...webFront, name: 'Zebra' }], ['stack/st-1', 'host/nobody']);
  wound.change([webFront, ...worldObjects]);
  t.equal(json(wound, '/latest'), whole);
});

t.test('of containers of one name the local one comes first', async (t) => {
  const away = container(50, { name: 'solo', hostId: otherHostId, createdAt: 1 });
  const world = new World([...worldObjects, away]);
  t.match(json(world, '/latest/containers/solo/uuid'), solo.id);
  t.match(json(world, `/latest/containers/${away.id}/host_uuid`), otherHostId);
});

t.test('self is for local containers that are not stopped, the newest owner of an address', async (t) => {
  const world = new World();
  t.equal(world.catalog.containerAt(ip('10.42.1.13'))?.name, 'solo');
  world.change([container(60, { ips: ['10.42.1.13'], createdAt: 9_999_999 })]);
  t.equal(world.catalog.containerAt(ip('10.42.1.13'))?.name, 'c60');
  world.change([], [`container/${container(60).id}`]);
  t.equal(world.catalog.containerAt(ip('10.42.1.13'))?.name, 'solo');
  world.change([{ ...solo, state: 'stopped' }]);
  t.equal(world.catalog.has(ip('10.42.1.13')), false);
  world.change([{ ...solo, hostId: otherHostId }]);
  t.equal(world.catalog.has(ip('10.42.1.13')), false);
  world.change([{ ...solo, ips: ['10.42.1.99', '10.42.1.98'] }]);
  t.equal(world.catalog.containerAt(ip('10.42.1.98'))?.name, 'solo');
});

t.test('whoever shares a network sees the self of its owner', async (t) => {
  const world = new World();
  world.change([container(20, { name: 'guest', ips: ['10.42.1.13'], networkFrom: solo.id, createdAt: 9_000_000 })]);
  t.equal(world.catalog.containerAt(ip('10.42.1.13'))?.name, 'solo');
  world.change([container(21, { name: 'newer', ips: ['10.42.1.13'], createdAt: 9_000_000 })]);
  t.equal(world.catalog.containerAt(ip('10.42.1.13'))?.name, 'newer', 'an address used again belongs to its new owner');
});

t.test('a pinned state stays as it was', async (t) => {
  const world = new World();
  const pinned = world.catalog.pin();
  const seen = () => ({
    version: pinned.version,
    names: pinned.items('container').map(({ name }) => name),
    services: [...pinned.serviceIdsOf('st-1')],
    solo: pinned.snapshot.get('container', solo.id),
  });
  const before = seen();
  world.change([{ ...solo, name: 'aaa' }, container(9)], ['service/sv-2', `container/${webFront.id}`]);
  t.same(seen(), before);
  t.notSame(world.catalog.version, before.version);
  t.same([...world.catalog.serviceIdsOf('st-1')].sort(), ['sv-1', 'sv-1-log']);
});

t.test('an empty world answers', async (t) => {
  const world = new World([]);
  t.equal(json(world, '/latest/containers'), '[]');
  t.equal(json(world, '/latest/self'), '{}');
  t.match(json(world, '/latest/version'), /^"[0-9a-f-]{36}"$/);
});
