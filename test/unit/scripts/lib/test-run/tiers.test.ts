import t from 'tap';
import { parseArguments } from '../../../../../scripts/lib/test-run/tiers.ts';

function names(...args: string[]): string[] | string {
  const choice = parseArguments(args);
  return typeof choice === 'string' ? choice : [...choice.names];
}

t.test('without arguments everything runs', async (t) => {
  t.same(names(), ['types', 'lint', 'house', 'unit', 'netns', 'docker', 'cluster', 'fault', 'fuzz', 'vm']);
  t.match(parseArguments([]), { strict: false });
});

t.test('--only chooses, --strict is apart', async (t) => {
  t.same(names('--only', 'unit,netns'), ['unit', 'netns']);
  t.same(names('--only=types'), ['types']);
  t.match(parseArguments(['--strict', '--only', 'unit']), { strict: true });
});

t.test('a wrong word is named', async (t) => {
  t.match(names('--only', 'units'), /no tier is called units/);
  t.match(names('--only'), /needs names/);
  t.match(names('--only='), /needs names/);
  t.match(names('unit'), /unknown argument: unit/);
});
