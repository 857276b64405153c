import t from 'tap';
import { derivedId } from '../../../../daemons/network-manager/attachments/report.ts';
import { type RecordsChannel, Reporter } from '../../../../daemons/network-manager/attachments/reporter.ts';
import { type Key, keyOf, type SourceRecord } from '../../../../daemons/shared/model/objects.ts';
import { container, lease } from './support.ts';

const hostId = '11111111-1111-4111-8111-111111111111';
const uuid = '22222222-2222-4222-8222-222222222222';

/** Metadata's end: holds what it was told, and counts. */
class Channel implements RecordsChannel {
  readonly records = new Map<Key, SourceRecord>();
  started = 0;
  changes = 0;
  start(records: Iterable<SourceRecord>): void {
    this.started += 1;
    for (const record of records) this.records.set(keyOf(record), record);
  }
  async change(put: readonly SourceRecord[], drop: readonly Key[]): Promise<void> {
    this.changes += 1;
    for (const key of drop) this.records.delete(key);
    for (const record of put) this.records.set(keyOf(record), record);
  }
  names(): string[] {
    return [...this.records.values()].flatMap((one) => ('name' in one ? [one.name] : []));
  }
}

const other = lease({ containerId: 'b'.repeat(64), addresses: ['10.42.0.6/24'] }, { name: 'other' });

t.test('the full set once the host is known, then changes', async (t) => {
  const channel = new Channel();
  const reporter = new Reporter(channel);
  await reporter.put(other);
  t.equal(channel.changes, 0, 'nothing is said before');
  reporter.start(hostId, [lease(), lease({ phase: 'reserved', ifname: 'eth1' })]);
  reporter.start(hostId, []);
  t.equal(channel.started, 1);
  t.same(channel.names().sort(), ['other', 'web'], 'without what is only reserved');
  await reporter.put(lease());
  t.equal(channel.changes, 0, 'the same again is not said');
  await reporter.gone(lease());
  await reporter.gone(lease());
  t.same(channel.names(), ['other']);
  t.equal(channel.changes, 1);
});

t.test('a reserved lease becomes a record when it is done', async (t) => {
  const channel = new Channel();
  const reporter = new Reporter(channel);
  reporter.start(hostId, [lease({ phase: 'reserved' })]);
  t.equal(channel.records.size, 0);
  await reporter.put(lease());
  t.equal(channel.records.size, 1);
});

t.test('what the engine says now', async (t) => {
  const channel = new Channel();
  const reporter = new Reporter(channel);
  reporter.start(hostId, [lease()]);
  reporter.live(lease().containerId, { name: 'renamed', health: 'unhealthy' });
  t.match([...channel.records.values()], [{ name: 'renamed', health: 'unhealthy' }]);
  reporter.live(lease().containerId, { name: 'renamed', health: 'unhealthy' });
  t.equal(channel.changes, 1, 'said once');
});

t.test('two containers with the same uuid label: the first keeps it, both are known', async (t) => {
  const channel = new Channel();
  const reporter = new Reporter(channel);
  const first = lease({}, { containerUuid: uuid });
  const second = { ...other, attachment: { ...other.attachment, containerUuid: uuid } };
  reporter.start(hostId, [first]);
  await reporter.put(second);
  t.equal(channel.records.size, 2);
  t.equal(reporter.recordFor(first)?.id, uuid);
  t.equal(reporter.recordFor(second)?.id, derivedId(second, hostId));
  await reporter.gone(first);
  t.same(channel.names(), ['other']);
});

t.test('a container that comes back on another network has one record', async (t) => {
  const channel = new Channel();
  const reporter = new Reporter(channel);
  reporter.start(hostId, [lease()]);
  await reporter.put(lease({ network: 'blue', addresses: ['10.43.0.5/24'] }));
  t.match([...channel.records.values()], [{ network: 'blue', ips: ['10.43.0.5'] }]);
  await reporter.gone(lease({ network: 'blue' }));
  t.equal(channel.records.size, 0);
});

t.test('metadata lost its store: the host has another id, and so have its containers', async (t) => {
  const channel = new Channel();
  const reporter = new Reporter(channel);
  const labelled = { ...other, attachment: { ...other.attachment, containerUuid: uuid } };
  reporter.start(hostId, [lease(), labelled]);
  const next = '33333333-3333-4333-8333-333333333333';
  reporter.start(next, []);
  t.same(
    [...channel.records.values()].map((record) => record.kind === 'container' && record.hostId),
    [next, next],
  );
  t.equal(reporter.recordFor(lease())?.id, derivedId(lease(), next));
  t.equal(reporter.recordFor(labelled)?.id, uuid);
});

t.test('guests: in a container without an address, in the host with the host’s', async (t) => {
  const channel = new Channel();
  const reporter = new Reporter(channel);
  reporter.hostAddress('192.0.2.10');
  const [one, two] = ['1'.repeat(64), '2'.repeat(64)];
  const inside = {
    container: container({ id: one, name: 'sidekick', health: 'healthy' }),
    parent: lease().containerId,
  };
  reporter.guest(one, inside);
  reporter.guest(two, { container: container({ id: two, name: 'agent', restarts: 2 }), parent: null });
  t.equal(channel.changes, 0, 'nothing is said before');
  reporter.start(hostId, [lease()]);
  const parentId = reporter.recordFor(lease())?.id;
  const told = () => [...channel.records.values()].filter((one) => 'name' in one && one.name !== 'web');
  t.match(told(), [
    { name: 'sidekick', ips: [], mac: null, network: null, networkFrom: parentId, health: 'healthy', ports: [] },
    { name: 'agent', ips: ['192.0.2.10'], networkFrom: null, startCount: 3, externalId: two },
  ]);
  reporter.guest(one, inside);
  t.equal(channel.changes, 0, 'the same again is not said');
  reporter.hostAddress('192.0.2.11');
  t.match(told(), [{ ips: [] }, { ips: ['192.0.2.11'] }]);
  t.equal(channel.changes, 1);
  reporter.guest(one, undefined);
  reporter.guest(one, undefined);
  t.match(told(), [{ name: 'agent' }]);
  reporter.start('33333333-3333-4333-8333-333333333333', []);
  t.match(told(), [{ name: 'agent', hostId: '33333333-3333-4333-8333-333333333333' }]);
});

t.test('a guest whose parent is not known is not told, and its uuid label counts', async (t) => {
  const channel = new Channel();
  const reporter = new Reporter(channel);
  reporter.start(hostId, []);
  const one = '1'.repeat(64);
  const labels = { 'io.rancher.container.uuid': uuid };
  const guest = { container: container({ id: one, labels }), parent: lease().containerId };
  reporter.guest(one, guest);
  t.equal(channel.records.size, 0);
  await reporter.put(lease());
  reporter.guest(one, guest);
  t.match([...channel.records.values()], [{ name: 'web' }, { id: uuid, networkFrom: derivedId(lease(), hostId) }]);
});
