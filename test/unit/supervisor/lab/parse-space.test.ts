import t from 'tap';
import { furnish, markOf } from '../../../../daemons/supervisor/lab/furnish.ts';
import { parseSpace } from '../../../../daemons/supervisor/lab/parse-space.ts';

const mark = markOf('lab');
const cmdline = (...words: string[]): string => `${words.join('\0')}\0`;

t.test('process 1 of a space and the unshare outside are told apart', async (t) => {
  t.same(parseSpace(cmdline('sh', '-ec', furnish, mark, '/run/corral-lab/lab', 'h2'), mark), {
    space: 'h2',
    isInit: true,
  });
  const outside = cmdline('unshare', '--net', '--fork', 'sh', '-ec', furnish, mark, '/run/corral-lab/lab', 'switch');
  t.same(parseSpace(outside, mark), { space: 'switch', isInit: false });
});

t.test('a stranger is none, whatever its arguments', async (t) => {
  for (const words of [
    ['sh', '-ec', furnish, markOf('lab2'), '/run/corral-lab/lab2', 'h1'],
    ['sh', '-ec', furnish, mark, '/run/corral-lab/lab'],
    ['grep', '-r', 'x', mark, '/run', 'h1'],
    ['vi', mark, 'x', 'y'],
    [mark],
    [],
  ]) {
    t.equal(parseSpace(cmdline(...words), mark), undefined, words.at(-1) ?? 'nothing');
  }
});
