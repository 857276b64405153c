import { closeSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { boundLog, lastPlainLine, openLog } from '../../../daemons/supervisor/log-files.ts';

t.test('a log is appended to, and a large one set aside at the start', async (t) => {
  const path = join(t.testdir({}), 'log', 'x.log');
  for (const text of ['one\n', 'two\n']) {
    const fd = openLog(path, 4);
    writeSync(fd, text);
    closeSync(fd);
  }
  t.equal(readFileSync(path, 'utf8'), 'one\ntwo\n');
  closeSync(openLog(path, 4));
  t.equal(readFileSync(path, 'utf8'), '');
  t.equal(readFileSync(`${path}.1`, 'utf8'), 'one\ntwo\n');
});

t.test('a log that grows is cut while its writer goes on', async (t) => {
  const path = join(t.testdir({}), 'x.log');
  const fd = openLog(path);
  t.equal(boundLog(path, 3), false);
  writeSync(fd, 'before\n');
  t.equal(boundLog(path, 3), true);
  writeSync(fd, 'after\n');
  closeSync(fd);
  t.equal(readFileSync(path, 'utf8'), 'after\n');
  t.equal(readFileSync(`${path}.1`, 'utf8'), 'before\n');
  t.equal(boundLog(join(t.testdir({}), 'absent'), 3), false);
});

t.test('what was said last in plain words', async (t) => {
  const path = join(t.testdir({}), 'x.log');
  const cases: readonly [string, string | undefined][] = [
    ['', undefined],
    ['{"level":"info"}\n', undefined],
    ['corral dns: CONFIG_INVALID: read x\n{"level":"info"}\n', 'corral dns: CONFIG_INVALID: read x'],
    ['file:1\n    at x\nTypeError: no\n    at y\n\nNode.js v24\n', 'TypeError: no'],
    ['Segmentation fault\n', 'Segmentation fault'],
    [`${'x'.repeat(10_000)}\n`, 'x'.repeat(300)],
  ];
  for (const [text, line] of cases) {
    writeFileSync(path, text);
    t.equal(lastPlainLine(path), line);
  }
  t.equal(lastPlainLine(`${path}.absent`), undefined);
});
