import t from 'tap';
import { OverrideIndex } from '../../../daemons/overlay/overrides.ts';
import { renderIp } from '../../../daemons/shared/model/ip.ts';
import type { SnapshotObject } from '../../../daemons/shared/model/objects.ts';
import { type Change, noChange, Snapshot } from '../../../daemons/shared/model/snapshot.ts';
import { blockObject, cluster, containerObject, hostIdOf, networkObject } from '../../fixtures/overlay-objects.ts';

class World {
  readonly index = new OverrideIndex();
  snapshot = Snapshot.empty(hostIdOf(1));

  step(put: readonly SnapshotObject[], drop: Change['drop'] = []): string[] {
    const change = { put, drop };
    this.snapshot = this.snapshot.apply(change, { revision: this.snapshot.revision + 1, complete: true });
    return this.shown(this.index.update(this.snapshot, change));
  }

  shown(found: ReturnType<OverrideIndex['update']>): string[] {
    return [...found]
      .flatMap(([network, byId]) =>
        [...byId.values()].flat().map((one) => `${network} ${renderIp(one.address)} ${one.hostId.at(-1)}`),
      )
      .sort();
  }

  /** The same, found anew. */
  fresh(): string[] {
    return this.shown(new OverrideIndex().update(this.snapshot, noChange));
  }
}

t.test('which addresses lie outside their host’s blocks', async (t) => {
  const world = new World();
  world.step(cluster(2));
  const found = world.step([
    containerObject(1, '10.42.1.5'),
    containerObject(2, '10.42.1.6'),
    containerObject(2, '10.42.200.1', { state: 'stopping' }),
    containerObject(2, '10.42.200.2', { state: 'stopped' }),
    containerObject(2, '10.42.200.3', { networkFrom: 'somebody' }),
    containerObject(2, '10.42.200.4', { network: 'unknown' }),
    containerObject(2, '10.42.200.5', { network: null }),
    containerObject(2, '10.42.200.6', { ips: [] }),
  ]);
  t.same(found, ['corral 10.42.1.6 2', 'corral 10.42.200.1 2']);
});

t.test('a change is followed, and what is found is what would be found anew', async (t) => {
  const world = new World();
  world.step(cluster(2));
  const container = containerObject(2, '10.42.200.1');
  t.same(world.step([container]), ['corral 10.42.200.1 2']);
  const version = world.index.version;
  t.same(world.step([containerObject(1, '10.42.1.9')]), ['corral 10.42.200.1 2'], 'others do not matter');
  t.equal(world.index.version, version);
  t.same(world.step([{ ...container, hostId: hostIdOf(1) }]), ['corral 10.42.200.1 1'], 'moved');
  t.same(world.step([{ ...container, ips: ['10.42.2.7'] }]), [], 'at home');
  t.same(world.step([container]), ['corral 10.42.200.1 2']);
  t.same(world.step([blockObject(2, '10.42.200.0/24')]), [], 'its host was given the block');
  t.same(world.step([], ['block/corral/10.42.200.0/24']), ['corral 10.42.200.1 2']);
  t.same(world.fresh(), ['corral 10.42.200.1 2']);
  t.same(world.step([blockObject(1, '10.42.200.0/24')]), ['corral 10.42.200.1 2'], 'another host’s block');
  t.same(world.step([blockObject(2, '10.42.200.0/24')]), [], 'which then changes hands');
  t.same(world.fresh(), []);
  t.same(world.step([], ['block/corral/10.42.200.0/24']), ['corral 10.42.200.1 2']);
  t.same(world.step([], [`container/${container.id}`]), []);
  t.ok(world.index.version > version);
});

t.test('a flat network has single addresses alone; a network without driver none', async (t) => {
  const world = new World();
  world.step([...cluster(1), networkObject('flat', { blocks: 'none' }), networkObject('bare', { driver: 'none' })]);
  const found = world.step([
    containerObject(2, '10.42.3.3', { network: 'flat', ips: ['10.42.3.3', 'fd42::5', 'nonsense'] }),
    containerObject(2, '10.42.3.4', { network: 'bare' }),
  ]);
  t.same(found, ['flat 10.42.3.3 2', 'flat fd42::5 2']);
});
