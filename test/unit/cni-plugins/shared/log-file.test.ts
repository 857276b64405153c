import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type LoggedCall, logCall } from '../../../../cni-plugins/shared/log-file.ts';

const ok = { exitCode: 0, stdout: '{}', stderr: '' } as const;
const bad = { exitCode: 1, stdout: '{}', stderr: 'ADDRESS_TAKEN: x\n' } as const;
const at = new Date('2020-01-02T03:04:05Z');
const call = (config: object, more: Partial<LoggedCall> = {}): LoggedCall => ({
  config: { name: 'corral', ...config },
  verb: 'ADD',
  program: 'rancher-bridge',
  subject: 'c1 eth0',
  reply: ok,
  callerRoot: '',
  ...more,
});

t.test('one line a call, and more of it for debugging', async (t) => {
  const dir = t.testdir();
  const logToFile = join(dir, 'log');
  logCall(call({ logToFile }), at);
  logCall(call({ logToFile }, { reply: bad }), at);
  logCall(call({ logToFile, isDebugLevel: 'true' }), at);
  logCall(call({ logToFile, ipam: { isDebugLevel: true } }, { subject: 'a\nb' }), at);
  logCall(call({ logToFile: '/log' }, { callerRoot: dir }), at);
  const lines = readFileSync(logToFile, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const base = { time: '2020-01-02T03:04:05.000Z', program: 'rancher-bridge', verb: 'ADD', network: 'corral' };
  t.strictSame(lines[0], { ...base, level: 'info', subject: 'c1 eth0' });
  t.match(lines[1], { level: 'error', error: 'ADDRESS_TAKEN: x' });
  t.match(lines[2], { config: { isDebugLevel: 'true' }, result: '{}' });
  t.match(lines[3], { subject: 'a\nb', result: '{}' });
  t.equal(lines.length, 5, 'a subject with a line break makes no line of its own');
});

t.test('a log that cannot be written fails nothing, and one that grows is put aside', async (t) => {
  const dir = t.testdir();
  for (const logToFile of ['', 'relative', 7, join(dir, 'none/log'), dir, '/a\0b']) logCall(call({ logToFile }), at);
  t.notOk(existsSync('relative'));
  const logToFile = join(dir, 'log');
  writeFileSync(logToFile, 'x'.repeat(9 << 20));
  logCall(call({ logToFile }), at);
  logCall(call({ logToFile }), at);
  t.ok(statSync(`${logToFile}.1`).size > 9 << 20);
  t.ok(statSync(logToFile).size < 1000);
});
