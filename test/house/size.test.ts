import t from 'tap';
import { readTypeScript } from './support/sources.ts';

const maxLines = 300;

function tooLong(sources: ReadonlyMap<string, string>): string[] {
  return [...sources]
    .map(([path, text]) => ({ path, lines: text.replace(/\n$/, '').split('\n').length }))
    .filter(({ lines }) => lines > maxLines)
    .map(
      ({ path, lines }) => `${path} has ${lines} lines; ${maxLines} is the most: find the seam between its two ideas`,
    );
}

t.test('no source file is too long', async (t) => {
  t.same(tooLong(readTypeScript()), []);
});

t.test('a file that is too long is found', async (t) => {
  const long = 'x\n'.repeat(maxLines + 1);
  t.match(
    tooLong(
      new Map([
        ['a.ts', long],
        ['b.ts', 'x\n'.repeat(maxLines)],
      ]),
    ),
    [/a\.ts has 301 lines/],
  );
});
