import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { mock } from 'node:test';
import t from 'tap';
import { type Answers, countNames } from '../../../daemons/dns/answers.ts';
import { AnswersKeeper } from '../../../daemons/dns/answers-keeper.ts';
import { Health } from '../../../daemons/shared/daemon/health.ts';

const folder = mkdtempSync('/tmp/coans-');
const path = `${folder}/answers.yaml`;
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

function bench() {
  const health = new Health();
  const events: string[] = [];
  const taken: Answers[] = [];
  const log = (fields: unknown): void => void events.push((fields as { event: string }).event);
  const logger = { info: log, warn: log } as unknown as ConstructorParameters<typeof AnswersKeeper>[0]['log'];
  const keeper = new AnswersKeeper({ health, log: logger, onAnswers: (answers) => void taken.push(answers) });
  const state = () => health.report().conditions.find(({ name }) => name === 'answers');
  return { keeper, events, taken, state, names: () => taken.map(countNames) };
}
const oneName = 'default: { a: { x.example.: { answer: [10.0.0.1] } } }\n';

t.test('a broken, empty or vanished file keeps the last good answers, and is told once', async (t) => {
  const one = bench();
  t.teardown(() => one.keeper.close());
  rmSync(path, { force: true });
  await one.keeper.use(path);
  t.match(one.state(), { ok: false, code: 'FILE_UNREADABLE', text: /0 names/ }, 'absent at the start');
  writeFileSync(path, oneName);
  await one.keeper.use(path);
  t.match(one.state(), { ok: true, text: `1 names from ${path}` });
  const bad: [string, string][] = [
    ['default: {', 'CONFIG_INVALID'],
    ['default: 3', 'CONFIG_INVALID'],
    ['', 'CONFIG_INVALID'],
    [' \n', 'CONFIG_INVALID'],
    [`default: { search: [${'a, '.repeat(3_000_000)}] }`, 'FILE_TOO_LARGE'],
  ];
  for (const [text, code] of bad) {
    writeFileSync(path, text);
    const before = one.events.length;
    for (let again = 0; again < 3; again += 1) await one.keeper.use(path);
    t.match(one.state(), { ok: false, degradesOnly: true, code, text: /the last good answers are served: 1 names/ });
    t.ok(one.events.length <= before + 1, 'one event a fault');
  }
  rmSync(path);
  await one.keeper.use(path);
  t.match(one.state(), { ok: false, code: 'FILE_UNREADABLE' });
  t.same(one.names(), [1], 'nothing was taken meanwhile');
  writeFileSync(path, '{}');
  await one.keeper.use(path);
  t.same(one.names(), [1, 0], 'an empty map is meant');
  t.equal(one.state()?.ok, true);
});

t.test('the same content again is no news, JSON as well as YAML is read, another path is another file', async (t) => {
  const one = bench();
  t.teardown(() => one.keeper.close());
  writeFileSync(path, oneName);
  await one.keeper.use(path);
  writeFileSync(path, oneName);
  await one.keeper.use(path);
  t.same(one.names(), [1]);
  writeFileSync(path, JSON.stringify({ default: { txt: { 'a.': { answer: ['1'] }, 'b.': { answer: ['2'] } } } }));
  await one.keeper.use(path);
  t.same(one.names(), [1, 2]);
  await one.keeper.use(undefined);
  t.same(one.names(), [1, 2, 0]);
  await one.keeper.use(undefined);
  t.equal(one.taken.length, 3);
  writeFileSync(path, 'default: { a: { x.: { answer: [nonsense] }, y.: { answer: [10.0.0.1] } } }');
  await one.keeper.use(path);
  t.match(one.state(), { ok: true, text: /left out: 1, the first: default\.a\."x\." has "nonsense"/ });
});

t.test('a change is seen without being told of it', async (t) => {
  mock.timers.enable({ apis: ['setInterval'] });
  t.teardown(() => mock.timers.reset());
  const one = bench();
  t.teardown(() => one.keeper.close());
  writeFileSync(path, oneName);
  await one.keeper.use(path);
  writeFileSync(path, '# another\n{}\n');
  mock.timers.tick(2_000);
  for (let turns = 0; turns < 1_000 && one.taken.length < 2; turns += 1) await new Promise(setImmediate);
  t.same(one.names(), [1, 0]);
});
