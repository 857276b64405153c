import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type Logger, makeLog } from '../../../../daemons/shared/daemon/log.ts';
import { SuiteError } from '../../../../daemons/shared/model/errors.ts';

/** What the work writes, line by line, read back at once: the log keeps nothing in memory. */
function written(t: Test, work: (log: Logger) => void): Record<string, unknown>[] {
  const path = join(t.testdir({}), 'log');
  const fd = openSync(path, 'a');
  work(makeLog('dns', 'info', fd));
  const text = readFileSync(path, 'utf8');
  closeSync(fd);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

t.test('one JSON line an event', async (t) => {
  const [line, ...rest] = written(t, (log) => {
    log.info({ event: 'a.b', n: 1 }, 'text\nof two lines');
    log.debug('below the level');
  });
  t.match(line, { level: 'info', daemon: 'dns', pid: process.pid, event: 'a.b', n: 1, msg: 'text\nof two lines' });
  t.match(line?.time, /^\d{4}-\d\d-\d\dT/);
  t.equal(rest.length, 0);
});

t.test('coded errors tell code, text and cause; others their stack', async (t) => {
  const [coded, plain, odd] = written(t, (log) => {
    log.warn({ error: new SuiteError('DEADLINE', 'ask', { cause: new Error('why') }) });
    log.warn({ error: new TypeError('no') });
    log.warn({ error: 'text' });
  });
  t.same(coded?.error, { code: 'DEADLINE', text: 'ask', cause: 'why' });
  t.match(plain?.error, { text: 'no', stack: /log\.test\.ts/ });
  t.equal(odd?.error, 'text');
});

t.test('secrets are never written', async (t) => {
  const secret = 'hunter2hunter2';
  const lines = written(t, (log) => {
    for (const name of ['token', 'secret', 'password', 'privateKey', 'psk', 'key']) {
      log.info({ [name]: secret });
      log.info({ inner: { [name]: secret } });
    }
  });
  t.equal(lines.length, 12);
  t.notMatch(JSON.stringify(lines), secret);
});
