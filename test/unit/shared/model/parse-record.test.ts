import t, { type Test } from 'tap';
import { parseRecord } from '../../../../daemons/shared/model/parse-record.ts';
import { host, record } from '../../../fixtures/records.ts';

const refuse = (t: Test, value: unknown, field: string): void => {
  t.throws(() => parseRecord(value), { code: 'RECORD_INVALID', message: new RegExp(field) }, field);
};

t.test('a right record comes back with its known fields only', async (t) => {
  const rich = record(1, {
    mac: '0a:58:0a:2a:00:01',
    ports: ['0.0.0.0:8080:80/tcp'],
    labels: { a: 'line\nbreak', __proto__x: '' },
    health: 'healthy',
    networkFrom: record(2).id,
  });
  t.same(parseRecord(rich), rich);
  t.same(parseRecord({ ...rich, secret: 'x', stackId: 'y' }), rich);
  t.same(parseRecord(host()), host());
  t.same(parseRecord(JSON.parse(JSON.stringify({ ...rich, labels: { ...rich.labels } }))), rich);
});

t.test('each wrong field is named', async (t) => {
  const wrong: readonly [string, unknown][] = [
    ['id', 'not-a-uuid'],
    ['id', record(1).id.toUpperCase()],
    ['name', ''],
    ['name', 'x'.repeat(256)],
    ['name', 'a\u0000b'],
    ['name', 5],
    ['externalId', undefined],
    ['hostId', ''],
    ['network', 7],
    ['ips', ['10.0.0.256']],
    ['ips', '10.0.0.1'],
    ['ips', Array.from({ length: 2_000 }, () => '10.0.0.1')],
    ['mac', 'xx:58:0a:2a:00:01'],
    ['ports', ['8080:80']],
    ['labels', null],
    ['labels', []],
    ['labels', { a: 1 }],
    ['labels', { a: 'x'.repeat(65_537) }],
    ['labels', Object.fromEntries(Array.from({ length: 513 }, (_, n) => [`l${n}`, '']))],
    ['state', 'paused'],
    ['state', 'constructor'],
    ['health', ''],
    ['hostname', 'a\nb'],
    ['createdAt', -1],
    ['createdAt', 1.5],
    ['createdAt', Number.MAX_VALUE],
    ['startCount', '1'],
    ['dns', [null]],
    ['dnsSearch', {}],
    ['system', 'false'],
  ];
  for (const [field, value] of wrong) refuse(t, { ...record(1), [field]: value }, field);
  for (const [field, value] of [
    ['agentIp', '::x'],
    ['memory', '8G'],
    ['labels', 'x'],
  ] as const) {
    refuse(t, { ...host(), [field]: value }, field);
  }
});

t.test('what is no record at all', async (t) => {
  for (const value of [
    null,
    undefined,
    5,
    'text',
    [],
    {},
    { kind: 'service' },
    { kind: 'environment', id: 'x', name: 'y' },
  ]) {
    t.throws(() => parseRecord(value), { code: 'RECORD_INVALID' }, JSON.stringify(value) ?? 'undefined');
  }
});

t.test('a refusal never repeats much of what was sent', async (t) => {
  try {
    parseRecord({ ...record(1), name: 'y'.repeat(100_000) });
    t.fail('accepted');
  } catch (error) {
    t.ok((error as Error).message.length < 300);
  }
});
