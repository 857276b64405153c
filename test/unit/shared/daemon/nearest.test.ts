import t from 'tap';
import { nearest } from '../../../../daemons/shared/daemon/nearest.ts';

const known = ['status', 'attach', 'detach', 'get'];
const cases: readonly [string, string | undefined][] = [
  ['stauts', 'status'],
  ['STATUS', 'status'],
  ['attch', 'attach'],
  ['gett', 'get'],
  ['elephant', undefined],
  ['', undefined],
];
for (const [word, guess] of cases) t.equal(nearest(word, known), guess, word);
t.equal(nearest('x', []), undefined);
