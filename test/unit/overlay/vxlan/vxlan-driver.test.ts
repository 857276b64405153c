import t from 'tap';
import type { DriverWish, OverlayDriver } from '../../../../daemons/overlay/driver.ts';
import { vxlanDriver } from '../../../../daemons/overlay/vxlan/vxlan-driver.ts';
import { vtepMac } from '../../../../daemons/shared/model/mac.ts';
import type { SnapshotObject } from '../../../../daemons/shared/model/objects.ts';
import { type FakeKernel, makeKernel } from '../../../fakes/vxlan-kernel.ts';
import { blockObject, cluster, hostIdOf, hostObject, networkObject } from '../../../fixtures/overlay-objects.ts';
import { factsOf, ip, randomFrom, wishOf } from '../support.ts';

function driverWish(objects: readonly SnapshotObject[], complete = true): DriverWish {
  const wish = wishOf(objects, { complete });
  return { networks: wish.networks, guarded: wish.guarded, facts: factsOf(wish), complete: wish.complete };
}

/** Everything that the kernel holds, as text. */
function stateOf({ links, fdb, neighbours, routes }: FakeKernel): string {
  const lines = [
    ...[...links.values()].map(({ index: _, ...link }) => JSON.stringify(link)),
    ...[...fdb.values()].map(({ mac, dst, kind }) => `fdb ${mac} ${dst} ${kind}`),
    ...[...neighbours.values()].map(({ address, mac, permanent }) => `neighbour ${address} ${mac} ${permanent}`),
    ...[...routes.values()].map(({ index: _, ...route }) => `route ${JSON.stringify(Object.entries(route).sort())}`),
  ];
  return lines.sort().join('\n');
}

const deviceOf = ({ links }: FakeKernel, name = 'vtep1042') => [...links.values()].find((link) => link.name === name);

t.test('from nothing: device, settings, entries, neighbours, routes, in this order', async (t) => {
  const kernel = makeKernel();
  const outcome = await vxlanDriver(kernel).keep(driverWish(cluster(3)));
  t.same(outcome.faults, []);
  t.match(
    outcome.done[0],
    /^make device vtep1042: vxlan id 1042 port 4789 local 192\.168\.50\.11 mac 0e:00:.* mtu 1450 nolearning$/,
  );
  t.same(kernel.written, [
    'createVxlan',
    'ensureAddress',
    'setFdb',
    'setFdb',
    'setNeighbour',
    'setNeighbour',
    'setRoute',
    'setRoute',
  ]);
});

t.test('nothing to do is nothing written, and one change needs no listing', async (t) => {
  const kernel = makeKernel();
  const driver = vxlanDriver(kernel);
  await driver.keep(driverWish(cluster(3)));
  await driver.keep(driverWish(cluster(3)));
  kernel.written.length = 0;
  const reads = kernel.reads;
  t.equal((await driver.keep(driverWish(cluster(3)))).writes, 0);
  await driver.keep(driverWish(cluster(4)));
  t.same(kernel.written, ['setFdb', 'setNeighbour', 'setRoute']);
  await driver.keep(driverWish(cluster(3)));
  t.same(kernel.written.slice(3), ['dropRoute', 'dropNeighbour', 'dropFdb'], 'removed the other way round');
  t.equal(kernel.reads, reads);
  const state = stateOf(kernel);
  kernel.written.length = 0;
  await vxlanDriver(kernel).keep(driverWish(cluster(3)));
  t.same(kernel.written, [], 'another process finds it as it should be');
  t.equal(stateOf(kernel), state);
});

t.test('a peer with another address: one entry is replaced', async (t) => {
  const kernel = makeKernel();
  const driver = vxlanDriver(kernel);
  await driver.keep(driverWish(cluster(2)));
  await driver.keep(driverWish(cluster(2)));
  kernel.written.length = 0;
  await driver.keep(driverWish([...cluster(2), hostObject(2, { agentIp: '192.168.50.32' })]));
  t.same(kernel.written, ['setFdb']);
  t.equal([...kernel.fdb.values()][0]?.dst, ip('192.168.50.32'));
});

t.test('a doubtful word adds and neither removes nor replaces', async (t) => {
  const kernel = makeKernel();
  const driver = vxlanDriver(kernel);
  await driver.keep(driverWish(cluster(3)));
  kernel.written.length = 0;
  await driver.keep(
    driverWish([...cluster(2), hostObject(2, { agentIp: '192.168.50.32' }), hostObject(4), blockObject(4)], false),
  );
  t.same(kernel.written, ['setFdb', 'setNeighbour', 'setRoute']);
  t.equal(kernel.fdb.size, 3);
  kernel.links.set(10, { ...deviceOf(kernel)!, vxlan: { ...deviceOf(kernel)!.vxlan!, port: 8472 } });
  driver.doubt();
  kernel.written.length = 0;
  await driver.keep(driverWish(cluster(2), false));
  t.notOk(kernel.written.includes('dropLink'), 'a device is not made anew on it either');
});

t.test('one entry that is refused does not stop the others', async (t) => {
  const kernel = makeKernel();
  let count = 0;
  kernel.refuse = (verb) => verb === 'setNeighbour' && ++count === 1;
  const driver = vxlanDriver(kernel);
  const outcome = await driver.keep(driverWish(cluster(4)));
  t.match(outcome.failed, [{ text: /^add neighbour 10\.42\.2\.0/, error: { code: 'NETLINK_REFUSED' } }]);
  t.equal(kernel.neighbours.size, 2);
  t.equal(kernel.routes.size, 3);
  await driver.keep(driverWish(cluster(4)));
  t.equal(kernel.neighbours.size, 3, 'the next pass finishes');
});

t.test('names and VNIs that others have', async (t) => {
  const kernel = makeKernel();
  const driver = vxlanDriver(kernel);
  const objects = [
    ...cluster(1),
    networkObject('blue', { subnet: '10.43.0.0/16', vni: 9 }),
    blockObject(1, '10.43.1.0/24', { network: 'blue' }),
  ];
  await kernel.createVxlan('flannel.1', { vni: 1042, port: 4789 });
  kernel.links.set(77, {
    ...deviceOf(kernel, 'flannel.1')!,
    index: 77,
    name: 'vtep9',
    kind: 'bridge',
    vxlan: undefined,
  });
  const before = kernel.written.length;
  const outcome = await driver.keep(driverWish(objects));
  t.match(outcome.faults, [
    { network: 'corral', code: 'VNI_TAKEN', text: /flannel\.1 has VNI 1042/ },
    { network: 'blue', code: 'VNI_TAKEN', text: /vtep9 is a device of kind bridge/ },
  ]);
  t.equal(kernel.written.length, before, 'neither is touched');
  kernel.links.delete(77);
  driver.doubt();
  await driver.keep(driverWish(objects));
  t.ok(deviceOf(kernel, 'vtep9'), 'the other network goes on');
  t.ok(deviceOf(kernel, 'flannel.1'));
});

t.test('a network that is gone, or has another VNI', async (t) => {
  const kernel = makeKernel();
  const driver = vxlanDriver(kernel);
  await driver.keep(driverWish(cluster(3)));
  kernel.written.length = 0;
  await driver.keep(driverWish([...cluster(3), networkObject('corral', { vni: 5000 })]));
  t.equal(kernel.written[0], 'createVxlan');
  t.equal(kernel.written.at(-1), 'dropLink', 'the new one stands before the old one goes');
  t.same(
    [...kernel.links.values()].map(({ name }) => name),
    ['vtep5000'],
  );
  t.equal(kernel.routes.size, 2);
  await driver.keep({ ...driverWish(cluster(1)), networks: [] });
  t.equal(stateOf(kernel), '', 'nothing is left');
});

t.test('foreign routes and devices are left alone', async (t) => {
  const kernel = makeKernel();
  await kernel.createVxlan('other0', { vni: 7, port: 4789 });
  await kernel.setRoute({ dst: { base: ip('10.42.7.0'), prefix: 24 }, via: ip('192.168.50.1'), index: 2, protocol: 4 });
  await kernel.setRoute({ dst: { base: ip('10.42.0.0'), prefix: 16 }, type: 'unreachable', metric: 0xffffffff });
  await kernel.setRoute({ dst: { base: ip('10.42.1.9'), prefix: 32 }, index: 3 });
  const before = stateOf(kernel);
  const driver = vxlanDriver(kernel);
  await driver.keep(driverWish(cluster(2)));
  await driver.keep({ ...driverWish(cluster(2)), networks: [] });
  t.equal(stateOf(kernel), before);
});

async function damage(kernel: FakeKernel, random: () => number): Promise<void> {
  const pick = <T>(values: Iterable<T>): T | undefined => [...values][Math.floor(random() * [...values].length)];
  const device = deviceOf(kernel);
  const kinds = [
    'fdb',
    'fdb-wrong',
    'fdb-extra',
    'neighbour',
    'neighbour-wrong',
    'route',
    'route-extra',
    'mac',
    'down',
    'gone',
    'port',
    'master',
    'special',
  ];
  const kind = pick(kinds)!;
  const [one] = [pick(kernel.fdb.keys()) ?? ''];
  const entry = kernel.fdb.get(one);
  const near = pick(kernel.neighbours.keys()) ?? '';
  const set = (rest: object): void => void (device && kernel.links.set(device.index, { ...device, ...rest }));
  if (kind === 'fdb') kernel.fdb.delete(one);
  else if (kind === 'fdb-wrong' && entry) kernel.fdb.set(one, { ...entry, dst: ip('192.0.2.9'), kind: 'dynamic' });
  else if (kind === 'fdb-extra' && device)
    await kernel.setFdb({ index: device.index, mac: vtepMac('x'), dst: ip('192.0.2.8') });
  else if (kind === 'neighbour') kernel.neighbours.delete(near);
  else if (kind === 'neighbour-wrong' && kernel.neighbours.has(near))
    kernel.neighbours.set(near, { ...kernel.neighbours.get(near)!, permanent: false });
  else if (kind === 'route') kernel.routes.delete(pick(kernel.routes.keys()) ?? '');
  else if (kind === 'route-extra' && device)
    await kernel.setRoute({
      dst: { base: ip('10.42.250.0'), prefix: 24 },
      via: ip('10.42.250.0'),
      index: device.index,
      onlink: true,
    });
  else if (kind === 'mac') set({ mac: vtepMac('y') });
  else if (kind === 'down') set({ up: false, mtu: 900 });
  else if (kind === 'gone' && device) await kernel.dropLink(device.index);
  else if (kind === 'port') set({ vxlan: { ...device?.vxlan, port: 8472 } });
  else if (kind === 'master') set({ master: 3, alias: undefined });
  else if (kind === 'special') set({ vxlan: { ...device?.vxlan, special: true, learning: true } });
}

t.test('from whatever state one pass reaches what is wanted, and a second writes nothing', async (t) => {
  const wanted = makeKernel();
  await vxlanDriver(wanted).keep(driverWish(cluster(6)));
  const whole = stateOf(wanted);
  for (let seed = 1; seed <= 200; seed += 1) {
    const random = randomFrom(seed);
    const kernel = makeKernel();
    const driver: OverlayDriver = vxlanDriver(kernel);
    await driver.keep(driverWish(cluster(1 + Math.floor(random() * 8))));
    for (let count = Math.floor(random() * 6); count >= 0; count -= 1) await damage(kernel, random);
    driver.doubt();
    await driver.keep(driverWish(cluster(6)));
    if (stateOf(kernel) !== whole) return t.equal(stateOf(kernel), whole, `seed ${seed}`);
    kernel.written.length = 0;
    driver.doubt();
    await driver.keep(driverWish(cluster(6)));
    if (kernel.written.length > 0) return t.same(kernel.written, [], `seed ${seed}`);
  }
  return t.pass('200 states');
});

t.test('what a pass would do is told without doing it', async (t) => {
  const kernel = makeKernel();
  const driver = vxlanDriver(kernel);
  await driver.keep(driverWish(cluster(2)));
  t.same(await driver.diff(driverWish(cluster(2))), []);
  kernel.written.length = 0;
  const mac = vtepMac(hostIdOf(3));
  t.same(await driver.diff(driverWish(cluster(3))), [
    `forward ${mac} on vtep1042 to 192.168.50.13`,
    `add neighbour 10.42.3.0 ${mac} on vtep1042`,
    'add route 10.42.3.0/24 via 10.42.3.0 dev vtep1042 onlink src 10.42.1.1',
  ]);
  t.same(kernel.written, []);
});
