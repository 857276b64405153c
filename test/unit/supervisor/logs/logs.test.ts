// Logs as they lie on the disk: lines of pino and plain ones, found from the end and followed over both kinds of rotation.
import { appendFileSync, copyFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { renderLogLine } from '../../../../daemons/supervisor/cli/render-log-line.ts';
import { LogFollower } from '../../../../daemons/supervisor/logs/log-follower.ts';
import { parseLogLine, passes } from '../../../../daemons/supervisor/logs/parse-line.ts';
import { lastLines, logNames } from '../../../../daemons/supervisor/logs/read-back.ts';

const line = (second: number, msg: string, more: object = {}): string => {
  const time = new Date(Date.UTC(2026, 10, 29) + second * 1_000).toISOString();
  return JSON.stringify({ level: 'info', time, daemon: 'dns', pid: 7, event: 'e.x', msg, ...more });
};

t.test('a line is told to people', async (t) => {
  const render = (raw: string): string => renderLogLine(parseLogLine('dns', raw));
  t.equal(
    render(
      line(1, 'lost', {
        level: 'warn',
        peer: 'h2',
        forMs: 15,
        why: 'no answer',
        error: { code: 'DEADLINE', text: 'ask' },
      }),
    ),
    '2026-11-29T00:00:01.000Z  warn   dns              e.x  lost  peer=h2  forMs=15  why="no answer"  error="DEADLINE: ask"',
  );
  t.match(render('Error: out of memory'), /^- +- +dns +Error: out of memory$/);
  t.match(render(line(1, 'a\u001b[2Jb')), 'a\\x1b[2Jb', 'nobody moves the cursor of whoever reads');
  for (const broken of ['{"level":"info","ti', '{}', '{"level":"loud","time":"2026-11-29T00:00:00Z"}', '[1]'])
    t.match(parseLogLine('dns', broken), { level: null, text: broken });
});

t.test('what passes', async (t) => {
  const warn = parseLogLine('dns', line(10, 'x', { level: 'warn' }));
  t.ok(passes(warn, {}));
  t.ok(passes(warn, { level: 'warn' }));
  t.notOk(passes(warn, { level: 'error' }));
  t.notOk(passes(warn, { sinceMs: Date.UTC(2026, 10, 29) + 11_000 }));
  t.ok(passes(parseLogLine('dns', 'last words'), { level: 'error', sinceMs: Date.UTC(2030, 1) }));
});

t.test('the last lines, through the predecessor', async (t) => {
  const dir = t.testdir();
  const path = join(dir, 'dns.log');
  const many = Array.from({ length: 3_000 }, (_, at) => line(at, `old ${at} ${'x'.repeat(at % 90)}`));
  writeFileSync(`${path}.1`, `${many.join('\n')}\n`);
  writeFileSync(path, `${line(4_000, 'new')}\nplain words\n${line(4_001, 'newer')}\n`);
  t.same(logNames(dir), ['dns']);
  t.same(logNames(join(dir, 'none')), []);
  const texts = (count: number, filter = {}): string[] =>
    lastLines(path, 'dns', count, filter).map(({ text }) => text.slice(0, 11));
  t.same(texts(2), ['plain words', 'newer']);
  t.same(texts(4), ['old 2999 xx', 'new', 'plain words', 'newer']);
  const whole = lastLines(path, 'dns', 10_000, {});
  t.equal(whole.length, 3_003, 'blocks are cut at lines');
  t.ok(whole.slice(0, 3_000).every(({ raw }, at) => raw === many[at]));
  t.same(texts(100, { sinceMs: Date.UTC(2026, 10, 29) + 4_000_000 }), ['new', 'plain words', 'newer']);
  t.equal(lastLines(path, 'dns', 2, {})[0]?.time, '2026-11-29T01:06:41.000Z', 'a plain line goes with its neighbours');
  t.same(lastLines(join(dir, 'none.log'), 'none', 5, {}), []);
});

t.test('followed over an emptied file and over a renamed one', async (t) => {
  const path = join(t.testdir(), 'dns.log');
  writeFileSync(path, 'before\n');
  const follower = new LogFollower(path);
  t.same(follower.poll(), []);
  appendFileSync(path, 'one\ntwo\nhal');
  t.same(follower.poll(), ['one', 'two']);
  appendFileSync(path, 'f\n');
  t.same(follower.poll(), ['half']);
  appendFileSync(path, 'three\n');
  copyFileSync(path, `${path}.1.new`);
  truncateSync(path, 0);
  t.same(follower.poll(), [], 'a rotation is half done');
  renameSync(`${path}.1.new`, `${path}.1`);
  appendFileSync(path, 'four\n');
  t.same(follower.poll(), ['three', 'four']);
  appendFileSync(path, 'five\n');
  renameSync(path, `${path}.1`);
  t.same(follower.poll(), [], 'the new file is not there yet');
  writeFileSync(path, 'six\n');
  t.same(follower.poll(), ['five', 'six']);
  const early = new LogFollower(`${path}.later`);
  t.same(early.poll(), []);
  writeFileSync(`${path}.later`, 'born\n');
  t.same(early.poll(), ['born']);
});
