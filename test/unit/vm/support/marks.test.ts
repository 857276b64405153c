import t from 'tap';
import { type Heard, MarkReader } from '../../../vm/support/marks.ts';

const sent = [
  'the kernel says something\n',
  '\n@m begin 0\n',
  'TAP version 14\n\n  two empty lines follow\n\n\nok 1\n',
  '\n@m end 0 0\n',
  '\n@m begin 1\n',
  'no newline at the end',
  '\n@m end 1 124\n',
  '\n@m begin 2\n',
  '\n@m end 2 0\n',
  '\n@m done\n',
].join('');

/** Text of one job in one piece. */
function listen(pieces: readonly string[]): Heard[] {
  const reader = new MarkReader('@m');
  const heard: Heard[] = [];
  for (const one of pieces.flatMap((piece) => reader.read(piece))) {
    const last = heard.at(-1);
    if (one.kind === 'text' && last?.kind === 'text') heard.splice(-1, 1, { ...last, text: last.text + one.text });
    else heard.push(one);
  }
  return heard;
}

const expected: Heard[] = [
  { kind: 'begin', job: 0 },
  { kind: 'text', job: 0, text: 'TAP version 14\n\n  two empty lines follow\n\n\nok 1\n' },
  { kind: 'end', job: 0, code: 0 },
  { kind: 'begin', job: 1 },
  { kind: 'text', job: 1, text: 'no newline at the end\n' },
  { kind: 'end', job: 1, code: 124 },
  { kind: 'begin', job: 2 },
  { kind: 'end', job: 2, code: 0 },
  { kind: 'done' },
];

t.test('jobs are told apart, whatever the pieces', async (t) => {
  for (const size of [1, 2, 3, 7, 64, sent.length]) {
    const pieces = Array.from({ length: Math.ceil(sent.length / size) }, (_, at) =>
      sent.slice(at * size, (at + 1) * size),
    );
    t.same(listen(pieces), expected, `pieces of ${size}`);
  }
});

t.test('the word of a mark inside of a line is text', async (t) => {
  t.same(listen(['\n@m begin 0\n', 'see @m end 0 0\n@mend 0\n']), [
    { kind: 'begin', job: 0 },
    { kind: 'text', job: 0, text: 'see @m end 0 0\n@mend 0\n' },
  ]);
});

t.test('a line without an end is not kept for ever', async (t) => {
  const reader = new MarkReader('@m');
  reader.read('\n@m begin 0\n');
  t.match(reader.read('x'.repeat(1 << 21)), [{ kind: 'text', job: 0 }]);
});
