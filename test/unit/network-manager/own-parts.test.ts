import t from 'tap';
import { hasSameBlocks, hasSameHost } from '../../../daemons/network-manager/own-parts.ts';
import { type HostObject, keyOf, type SnapshotObject } from '../../../daemons/shared/model/objects.ts';
import { Snapshot } from '../../../daemons/shared/model/snapshot.ts';
import { host } from '../../fixtures/records.ts';
import { block, hostId, otherHostId, snapshotOf } from '../support/snapshots.ts';

const self: HostObject = host({ id: hostId, name: 'a', agentIp: '192.0.2.1' });
const other: HostObject = host({ id: otherHostId, name: 'b', agentIp: '192.0.2.2' });
const ownBlock = block('corral', '10.42.1.0/24');
const otherBlock = block('corral', '10.42.2.0/24', otherHostId);
const before = snapshotOf([self, ownBlock, other, otherBlock]);

/** What the two say of `before` and what it becomes. */
function after(
  put: readonly SnapshotObject[],
  drop: readonly SnapshotObject[] = [],
): { host: boolean; blocks: boolean } {
  const next = before.apply({ put, drop: drop.map(keyOf) }, { revision: 2, complete: true });
  return { host: hasSameHost(before, next), blocks: hasSameBlocks(before, next) };
}

t.test('other hosts come, change and go', async (t) => {
  const third = host({ id: otherHostId.replace(/.$/, '3'), name: 'c' });
  const same = { host: true, blocks: true };
  t.same(after([third, block('corral', '10.42.3.0/24', third.id)]), same);
  t.same(after([{ ...other, agentIp: '192.0.2.9' }]), same);
  t.same(after([{ ...otherBlock, hostId: third.id }]), same);
  t.same(after([], [other, otherBlock]), same);
});

t.test('this host or one of its blocks differs', async (t) => {
  t.same(after([{ ...self, agentIp: '192.0.2.8' }]), { host: false, blocks: true });
  t.same(after([], [self]), { host: false, blocks: true });
  t.same(after([block('corral', '10.42.4.0/24')]), { host: true, blocks: false });
  t.same(after([], [ownBlock]), { host: true, blocks: false });
});

t.test('a block that changes hands concerns both', async (t) => {
  t.same(after([{ ...ownBlock, hostId: otherHostId }]), { host: true, blocks: false });
  t.same(after([{ ...otherBlock, hostId }]), { host: true, blocks: false });
});

t.test('a snapshot of another host says something else, whatever it holds', async (t) => {
  const next = Snapshot.empty(otherHostId).apply(
    { put: [self, ownBlock, other, otherBlock], drop: [] },
    { revision: 1, complete: true },
  );
  t.notOk(hasSameHost(before, next));
  t.notOk(hasSameBlocks(before, next));
});
