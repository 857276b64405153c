import t from 'tap';
import { formEncode, renderJson, renderText } from '../../../daemons/metadata/tree-render.ts';
import { absent, compareBytes, type TreeValue } from '../../../daemons/metadata/tree-values.ts';

t.test('scalars as text', async (t) => {
  const cases: readonly [TreeValue, string][] = [
    [null, ''],
    ['', ''],
    ['a\n b', 'a\n b'],
    [true, 'true'],
    [false, 'false'],
    [0, '0'],
    [-0, '0'],
    [42, '42'],
    [8_589_934_592, '8589934592'],
    [Number.MAX_SAFE_INTEGER, '9007199254740991'],
    [1.5, '1.5'],
    [1_234_567.1234567, '1234567.123457'],
    [1e-7, '0'],
    [-1e-7, '0'],
    [1e21, '1000000000000000000000'],
  ];
  for (const [value, text] of cases) t.equal(renderText(value), text, String(value));
});

t.test('collections as text', async (t) => {
  t.equal(renderText({}), '');
  t.equal(renderText([]), '');
  t.equal(renderText(absent), '');
  t.equal(
    renderText({ b: 1, a: {}, 'a-': [], A: null, é: absent }),
    'A\na-/\na/\nb\n%C3%A9/\n'.split('\n').sort().slice(1).join('\n').concat('\n'),
  );
  t.equal(
    renderText([{ name: 'x y' }, { uuid: 'u' }, { name: null, uuid: 'w' }, { name: 5 }, [], 'text', null]),
    '0=x+y\n1=u\n2=w\n3/\n4/\n5\n6\n',
  );
});

t.test('keys as a form encodes them', async (t) => {
  t.equal(formEncode("Web/db 1+1=2 !'()*~-_."), 'Web%2Fdb+1%2B1%3D2+%21%27%28%29%2A~-_.');
  t.equal(formEncode('\ud800x'), '%EF%BF%BDx');
});

t.test('JSON: sorted by bytes, compact, HTML escaped', async (t) => {
  const cases: readonly [TreeValue, string][] = [
    [{ b: 1, a: [true, null, { y: 'z', x: '' }] }, '{"a":[true,null,{"x":"","y":"z"}],"b":1}'],
    [{}, '{}'],
    [[], '[]'],
    [absent, 'null'],
    ['<&>\u2028\u2029"\\', '"\\u003c\\u0026\\u003e\\u2028\\u2029\\"\\\\"'],
    ['\b\f\n\t\u0001\\b', '"\\u0008\\u000c\\n\\t\\u0001\\\\b"'],
    ['\ud800', '"\ufffd"'],
    [1e-7, '1e-7'],
    [1e21, '1e+21'],
    [Number.NaN, 'null'],
    [{ '10': 1, '9': 2, '<': 3 }, '{"10":1,"9":2,"\\u003c":3}'],
    [JSON.parse('{"__proto__":"x"}') as TreeValue, '{"__proto__":"x"}'],
  ];
  for (const [value, text] of cases) t.equal(renderJson(value), text, text);
});

t.test('bytes of UTF-8 order keys beyond the BMP last', async (t) => {
  const keys = ['\u{1f600}', '\uffff', 'b', 'a', 'ab', '\ue000', '\ud7ff'];
  const byBytes = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  t.same([...keys].sort(compareBytes), byBytes);
});
