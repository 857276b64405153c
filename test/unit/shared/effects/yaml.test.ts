import t from 'tap';
import { parseYaml } from '../../../../daemons/shared/effects/yaml.ts';

t.test('JSON and YAML alike, the last of equal keys', async (t) => {
  for (const text of [
    '{"a": {"b.": ["1"]}}',
    'a: { b.: ["1"] }',
    '{ a: { b.: ["1"] } } # braces of YAML',
    'a: 1\na: { b.: ["1"] }',
  ]) {
    t.same(parseYaml(text, 'x'), { a: { 'b.': ['1'] } }, text);
  }
  t.equal(parseYaml('', 'x'), null);
});

t.test('what is neither, and what would grow without end, is one coded line', async (t) => {
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]'];
  for (const letter of 'bcdefghi') {
    const before = String.fromCharCode(letter.charCodeAt(0) - 1);
    bomb.push(`${letter}: &${letter} [${Array(9).fill(`*${before}`)}]`);
  }
  for (const text of ['{ a: [', '\t- a', 'a: b: c', bomb.join('\n')]) {
    t.throws(() => parseYaml(text, '/etc/x.yaml'), {
      code: 'CONFIG_INVALID',
      message: /^read \/etc\/x\.yaml: [^\n]+$/,
    });
  }
});
