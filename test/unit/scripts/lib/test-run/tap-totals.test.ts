import t from 'tap';
import { type Ending, sumTotals, TapCounter } from '../../../../../scripts/lib/test-run/tap-totals.ts';

const well: Ending = { code: 0, signal: null };

function count(text: string, ending: Ending = well) {
  const counter = new TapCounter();
  // In pieces, as a pipe delivers it.
  for (let at = 0; at < text.length; at += 7) counter.write(text.slice(at, at + 7));
  return counter.end(ending);
}

t.test('tests at the top level are counted, those inside them are not', async (t) => {
  const totals = count(`TAP version 14
# Subtest: one
    ok 1 - inner
    ok 2 - inner
    1..2
ok 1 - one # time=1ms
ok 2 - two # SKIP no reason
ok 3 - three # TODO
1..3
`);
  t.same(totals, { passed: 1, failed: 0, skipped: 2, notes: [] });
});

t.test('a failed test is counted once, whatever the exit code says as well', async (t) => {
  t.same(count('TAP version 14\nok 1 - a\nnot ok 2 - b\n1..2\n', { code: 1, signal: null }), {
    passed: 1,
    failed: 1,
    skipped: 0,
    notes: [],
  });
});

t.test('a file that skips itself says why', async (t) => {
  t.same(count('TAP version 14\n1..0 # SKIP needs root\n'), {
    passed: 0,
    failed: 0,
    skipped: 1,
    notes: ['needs root'],
  });
});

t.test('whatever ends badly has failed', async (t) => {
  const cases: [string, Ending, RegExp][] = [
    ['TAP version 14\nok 1 - a\n1..1\n', { code: 3, signal: null }, /exit code 3/],
    ['TAP version 14\nok 1 - a\n1..1\n', { code: null, signal: 'SIGSEGV' }, /SIGSEGV/],
    ['TAP version 14\nok 1 - a\n1..2\n', well, /plan/],
    ['TAP version 14\nok 1 - a\n', well, /plan/],
    ['', well, /no test/],
    ['TAP version 14\n1..0 # no tests found\n', well, /no test/],
    ['some words\n', well, /no test/],
    ['TAP version 14\nok 1 - a\nBail out! the disk is full\n', well, /bailed out: the disk is full/],
    ['TAP version 14\nok 1 - a\n', { code: null, signal: 'SIGKILL', timedOutAfterS: 5 }, /after 5 s/],
    ['TAP version 14\nok 1 - a\n1..1\n', { ...well, leftProcesses: true }, /left processes/],
    ['TAP version 14\n1..0 # SKIP needs root\n', { code: 1, signal: null }, /exit code 1/],
  ];
  for (const [text, ending, note] of cases) {
    const totals = count(text, ending);
    t.equal(totals.failed, 1, text);
    t.match(totals.notes.join(), note, text);
  }
});

t.test('totals add up', async (t) => {
  const one = { passed: 1, failed: 2, skipped: 3 };
  t.same(sumTotals([one, one, { passed: 0, failed: 0, skipped: 1 }]), { passed: 2, failed: 4, skipped: 7 });
  t.same(sumTotals([]), { passed: 0, failed: 0, skipped: 0 });
});
