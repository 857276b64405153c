import t from 'tap';
import { factsIn, factsOf, liveOf } from '../../../../daemons/network-manager/attachments/facts.ts';
import { derivedId, recordId, recordOf } from '../../../../daemons/network-manager/attachments/report.ts';
import { parseRecord } from '../../../../daemons/shared/model/parse-record.ts';
import { isUuid } from '../../../../daemons/shared/model/uuid.ts';
import { container, id, lease } from './support.ts';

const hostId = '11111111-1111-4111-8111-111111111111';
const uuid = '22222222-2222-4222-8222-222222222222';

t.test('the whole record', async (t) => {
  const facts = factsOf(container({ restarts: 2, links: { db: 'shop-db' } }), '/s', {
    dns: ['169.254.169.250', '192.0.2.53'],
    dnsSearch: ['rancher.internal'],
  });
  const made = lease(
    { config: { name: 'corral', args: { corral: { facts } } } },
    {
      labels: { 'io.rancher.container.uuid': uuid, 'io.rancher.container.system': 'true' },
      ports: ['0.0.0.0:80:80/tcp'],
      hostname: 'h',
    },
  );
  const record = recordOf(made, { hostId, id: recordId(made, hostId), live: { name: 'renamed', health: 'healthy' } });
  t.same(record, {
    kind: 'container',
    id: uuid,
    name: 'renamed',
    externalId: id,
    hostId,
    network: 'corral',
    ips: ['10.42.0.5'],
    mac: '0a:58:0a:2a:00:05',
    ports: ['0.0.0.0:80:80/tcp'],
    labels: { 'io.rancher.container.uuid': uuid, 'io.rancher.container.system': 'true' },
    state: 'running',
    health: 'healthy',
    hostname: 'h',
    createdAt: 1_700_000_000_000,
    startCount: 3,
    dns: ['169.254.169.250', '192.0.2.53'],
    dnsSearch: ['rancher.internal'],
    links: { db: 'shop-db' },
    networkFrom: null,
    system: true,
  });
  t.same(parseRecord(JSON.parse(JSON.stringify(record))), record, 'metadata takes it');
});

t.test('a lease that another runtime wrote', async (t) => {
  const record = recordOf(lease(), { hostId, id: derivedId(lease(), hostId), live: undefined });
  t.match(record, { name: 'web', createdAt: 1_800_000_000_000, startCount: 1, health: null, system: false, dns: [] });
  t.same(parseRecord(record), record);
});

t.test('ids', async (t) => {
  const plain = lease();
  t.ok(isUuid(derivedId(plain, hostId)));
  t.equal(recordId(plain, hostId), derivedId(plain, hostId));
  t.equal(recordId(lease({ createdAt: 1 }), hostId), recordId(plain, hostId), 'the same after a restart');
  t.not(recordId(lease({ ifname: 'eth1' }), hostId), recordId(plain, hostId));
  t.equal(recordId(lease({}, { containerUuid: uuid }), hostId), uuid);
  t.equal(recordId(lease({}, { containerUuid: 'no uuid' }), hostId), derivedId(plain, hostId));
  t.not(
    recordId(lease({ ifname: 'eth1' }, { containerUuid: uuid }), hostId),
    uuid,
    'only the first interface has the label’s',
  );
});

t.test('a name given by hand stays', async (t) => {
  const facts = { ...factsOf(container(), '/s', { dns: [], dnsSearch: [] }), named: true };
  const made = lease({ config: { args: { corral: { facts } } } }, { name: 'mine' });
  t.equal(recordOf(made, { hostId, id: uuid, live: { name: 'web', health: null } }).name, 'mine');
});

t.test('more labels than a record may hold: those that mean something stay', async (t) => {
  const many = Object.fromEntries(Array.from({ length: 600 }, (_, at) => [`x${at}`, '']));
  const made = lease({}, { labels: { ...many, 'io.rancher.stack_service.name': 'a/b' } });
  const record = recordOf(made, { hostId, id: uuid, live: undefined });
  t.equal(Object.keys(record.labels).length, 512);
  t.equal(record.labels['io.rancher.stack_service.name'], 'a/b');
  t.ok(parseRecord(record));
});

t.test('facts of any shape', async (t) => {
  const neutral = {
    engineSocket: '',
    startedAt: '',
    createdAt: 0,
    startCount: 0,
    dns: [],
    dnsSearch: [],
    links: {},
    named: false,
  };
  for (const config of [
    {},
    { args: null },
    { args: { corral: 7 } },
    { args: { corral: { facts: { createdAt: 'x', dns: {}, links: { a: 1 }, named: 1 } } } },
  ]) {
    t.same(factsIn(config), neutral);
  }
});

t.test('health', async (t) => {
  const health = (status: string | null) => liveOf(container({ health: status })).health;
  t.same(['healthy', 'unhealthy', 'starting', 'odd', null].map(health), [
    'healthy',
    'unhealthy',
    'initializing',
    'initializing',
    null,
  ]);
});
