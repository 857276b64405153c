import t from 'tap';
import { parseRecord } from '../../../../daemons/shared/model/parse-record.ts';
import { hostIdOf } from '../../../fixtures/overlay-objects.ts';
import { announced, makeKeys, tunnelObject } from '../../../fixtures/tunnel-objects.ts';

const base64 = (length: number, fill = 7): string => Buffer.alloc(length, fill).toString('base64');

t.test('a right tunnel comes back with its known fields alone', async (t) => {
  const plain = tunnelObject(1, makeKeys(['wireguard']));
  const rotating = tunnelObject(2, announced(makeKeys()), { [hostIdOf(1)]: 3 });
  for (const tunnel of [plain, rotating]) {
    t.same(parseRecord(JSON.parse(JSON.stringify(tunnel))), tunnel);
    t.same(parseRecord({ ...tunnel, privateKey: base64(32) }), tunnel, 'nothing else gets through');
  }
  t.notOk('ipsec' in parseRecord(plain));
});

t.test('whatever is not exactly of the form is refused, and the field named', async (t) => {
  const right = tunnelObject(1);
  const { wireguard, ipsec } = right;
  const wrong: readonly [string, unknown][] = [
    ['id', 'x'],
    ['hostId', hostIdOf(2)],
    ['identity', base64(31)],
    ['identity', `${base64(32)}\n`],
    ['serial', 0],
    ['serial', 2 ** 60],
    ['signature', base64(63)],
    ['signature', undefined],
    ['wireguard', null],
    ['wireguard', { ...wireguard, keys: [] }],
    ['wireguard', { ...wireguard, keys: [base64(33)] }],
    ['wireguard', { ...wireguard, keys: [base64(32), base64(32)] }],
    ['wireguard', { ...wireguard, keys: [base64(32, 1), base64(32, 2), base64(32, 3)] }],
    ['wireguard', { ...wireguard, keys: [base64(32).replace('=', '')] }],
    ['wireguard', { ...wireguard, keys: base64(32) }],
    ['wireguard', { ...wireguard, port: 0 }],
    ['wireguard', { ...wireguard, port: 65_536 }],
    ['wireguard', { ...wireguard, port: '51820' }],
    ['ipsec', { keys: [base64(32)] }],
    ['ipsec', { keys: [base64(64)] }],
    ['ipsec', { keys: [`M${'A'.repeat(4_003)}`] }],
    ['ipsec', { keys: [...ipsec!.keys, ...ipsec!.keys] }],
    ['ready', { nobody: 1 }],
    ['ready', { [hostIdOf(2)]: -1 }],
    ['ready', Object.fromEntries(Array.from({ length: 65 }, (_, at) => [hostIdOf(at), 1]))],
  ];
  for (const [field, value] of wrong) {
    const message = new RegExp(`${field} is`);
    t.throws(() => parseRecord({ ...right, [field]: value }), { code: 'RECORD_INVALID', message }, `${field} ${value}`);
  }
});
