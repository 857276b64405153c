import { readFileSync } from 'node:fs';
import t from 'tap';
import { countNames } from '../../../daemons/dns/answers.ts';
import { parseAnswers } from '../../../daemons/dns/parse-answers.ts';
import { parseYaml } from '../../../daemons/shared/effects/yaml.ts';
import { type Ipv4, parseIpv4, renderIpv4 } from '../../../daemons/shared/model/ipv4.ts';
import { d1 } from './support/examples/fixtures.ts';

const ip = (text: string): Ipv4 => parseIpv4(text)!;

t.test('the sections of a file', async (t) => {
  const { answers, leftOut } = parseAnswers(d1);
  t.same(answers.zones, ['rancher.internal', 'other.auth']);
  t.same(answers.common.search, ['rancher.internal']);
  t.same(answers.common.recurse, ['192.0.2.53']);
  t.same([...answers.clients.keys()].map(renderIpv4), ['127.0.0.1']);
  t.same(answers.clients.get(ip('127.0.0.1'))?.search, ['stack.rancher.internal', 'x.example']);
  const entry = answers.common.table.get('both.rancher.internal');
  t.same(entry?.addresses, { value: [ip('10.42.0.11')], ttl: undefined });
  t.same(entry?.alias, { value: 'nowhere.rancher.internal', ttl: undefined });
  t.same(answers.common.table.get('3.0.42.10.in-addr.arpa')?.pointer, { value: 'web3.stack.rancher.internal', ttl: 7 });
  t.ok(answers.common.table.exists('stack.rancher.internal'), 'a name above others');
  t.notOk(answers.common.table.exists('empty.rancher.internal'), 'no address, no entry');
  t.same(leftOut, [
    'default.a."bad.rancher.internal." has "", which is no IPv4 address',
    'default.a."bad.rancher.internal." has "2001:db8::1", which is no IPv4 address',
    'default.cname."self.rancher.internal." leads to itself',
  ]);
});

t.test('odd but sound', async (t) => {
  const cases: [string, unknown, string[]][] = [
    ['nothing', {}, []],
    ['empty parts', { default: { a: null, search: null }, '10.0.0.1': null }, []],
    ["the original's own dump", { default: { authorative: ['rancher.internal.'] } }, []],
    [
      'a client by another key',
      { '': {}, abcdef012345: {} },
      [' is neither an IPv4 address nor "default"', 'abcdef012345 is neither an IPv4 address nor "default"'],
    ],
    ['an unknown part', { default: { mx: {} } }, ['default.mx is not known here']],
    ['a name that is none', { default: { a: { [`${'l'.repeat(64)}.`]: { answer: [] } } } }, ['is not a name']],
    ['an alias to nothing', { default: { cname: { 'a.': { answer: '' } } } }, ['leads to "", which is not a name']],
  ];
  for (const [what, value, told] of cases) {
    const { leftOut } = parseAnswers(value);
    t.match(leftOut, told, what);
    t.equal(leftOut.length, told.length, what);
  }
  t.same(parseAnswers(cases[2]![1]).answers.zones, ['rancher.internal']);
  const both = { default: { a: { 'x.': { answer: ['10.0.0.1'] } } }, '10.0.0.2': { txt: { 'x.': { answer: ['1'] } } } };
  t.equal(countNames(parseAnswers(both).answers), 2);
});

t.test('a wrong shape refuses the whole file, and names the place', async (t) => {
  const cases: [unknown, string][] = [
    [undefined, 'the file is not a map'],
    ['text', 'the file is not a map'],
    [[], 'the file is not a map'],
    [{ default: [] }, 'default is not a map'],
    [{ default: { a: [] } }, 'default.a is not a map'],
    [{ default: { a: { 'x.': ['10.0.0.1'] } } }, 'default.a."x." is not a map'],
    [{ default: { a: { 'x.': { answer: '10.0.0.1' } } } }, 'default.a."x." is not a list'],
    [{ default: { a: { 'x.': { answer: [10] } } } }, 'default.a."x." is not a list'],
    [
      { default: { a: { 'x.': { answer: Array(10_001).fill('10.0.0.1') } } } },
      'default.a."x." is not a list of at most 10000',
    ],
    [{ default: { cname: { 'x.': { answer: ['y.'] } } } }, 'default.cname."x." has no name as answer'],
    [{ '10.0.0.1': { txt: { 'x.': { answer: ['a'], ttl: -1 } } } }, '10.0.0.1.txt."x." has the ttl -1'],
    [{ default: { a: { 'x.': { answer: [], ttl: 'soon' } } } }, 'default.a."x." has the ttl "soon"'],
    [{ default: { search: 'x' } }, 'default.search is not a list'],
  ];
  for (const [value, place] of cases) {
    t.throws(
      () => parseAnswers(value),
      { code: 'CONFIG_INVALID', message: new RegExp(place.replace(/[.[\]]/g, '\\$&')) },
      place,
    );
  }
});

t.test('the example of the README', async (t) => {
  const readme = readFileSync(new URL('../../../daemons/dns/README.md', import.meta.url), 'utf8');
  const { answers, leftOut } = parseAnswers(parseYaml(/```yaml\n([\s\S]*?)```/.exec(readme)?.[1] ?? '', 'README.md'));
  t.same(leftOut, []);
  t.equal(countNames(answers), 5);
  t.equal(answers.common.table.get('1.2.0.192.in-addr.arpa')?.pointer?.value, 'www.corp.example');
  t.same(answers.clients.get(ip('10.42.1.5'))?.table.get('db.rancher.internal')?.addresses?.value, [ip('192.0.2.9')]);
});
