import t from 'tap';
import { parse } from 'yaml';
import { absent, type TreeValue } from '../../../daemons/metadata/tree-values.ts';
import { renderYaml } from '../../../daemons/metadata/tree-yaml.ts';

t.test('blocks: lists as far left as their key, maps further right, keys by bytes', async (t) => {
  const cases: readonly [TreeValue, string][] = [
    [
      { b: 1, a: ['x', ['y'], { k: 'v', j: [] }], c: { d: { e: null } } },
      'a:\n- x\n- - "y"\n- j: []\n  k: v\nb: 1\nc:\n  d:\n    e: null\n',
    ],
    [[[['deep']], { a: { b: 'c' } }], '- - - deep\n- a:\n    b: c\n'],
    [{}, '{}\n'],
    [[], '[]\n'],
    [absent, 'null\n'],
    [null, 'null\n'],
    ['text', 'text\n'],
    [2n ** 64n - 1n, '18446744073709551615\n'],
  ];
  for (const [value, text] of cases) t.equal(renderYaml(value), text, text);
});

const hostile = [
  ...[
    'yes',
    'No',
    'ON',
    'off',
    'y',
    'N',
    'null',
    '~',
    '',
    ' ',
    'true',
    '1e3',
    '0x1F',
    '012',
    '0o17',
    '0b11',
    '1_000',
    '1:30',
    '.5',
    '-1',
  ],
  ...[
    '2016-01-02',
    '2016-01-02 10:00:00',
    '.inf',
    '.nan',
    '<<',
    '=',
    '...',
    '---',
    '--- a',
    '- a',
    'a: b',
    'a:',
    ':a',
    'a #b',
    '#a',
    'a#b',
  ],
  ...[
    '? a',
    "'a'",
    '"a"',
    '*a',
    '&a',
    '!a',
    '|',
    '>',
    '@a',
    '`a',
    '%a',
    '[a',
    '{a',
    'a]',
    ',a',
    'a,b',
    ' a',
    'a ',
    'a  b',
    'a\tb',
    'a\nb',
  ],
  ...[
    '\u0085',
    '\u2028',
    '\ufeffx',
    '\u0001',
    '\u007f',
    'é',
    '日本',
    '😀',
    'a & b <c>',
    '10.42.1.10',
    '0.0.0.0:8080:80/tcp',
    'Web/db',
  ],
  ...[
    'c82a830e-eb6d-4b57-8923-cb2ff3e2884e',
    '12e45678-eb6d-4b57-8923-cb2ff3e2884e',
    '9'.repeat(60),
    `x${'1'.repeat(100_000)}`,
  ],
];

t.test('every text reads back as itself, in YAML 1.1 and 1.2, as value and as key', async (t) => {
  for (const text of hostile) {
    for (const version of ['1.1', '1.2'] as const) {
      t.same(
        parse(renderYaml([text, { [`k${text}`]: text }]), { version }),
        [text, { [`k${text}`]: text }],
        encodeURIComponent(text.slice(0, 40)),
      );
      t.same(parse(renderYaml({ [text]: { a: [1] } }), { version, stringKeys: true })[text], { a: [1] });
      t.same(parse(renderYaml([{ [text]: [1] }]), { version, stringKeys: true })[0][text], [1]);
    }
  }
});

t.test('numbers read back as themselves', async (t) => {
  for (const value of [0, 1, -1, 1.5, 1e-7, 1e21, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY]) {
    t.same(parse(renderYaml(value), { version: '1.1' }), value, String(value));
  }
});

t.test('nothing is quoted without need', async (t) => {
  for (const text of ['10.42.1.10', 'Web/db', 'a & b <c>', '0.0.0.0:8080:80/tcp', 'Mixed Key/slash'])
    t.equal(renderYaml(text), `${text}\n`);
});
