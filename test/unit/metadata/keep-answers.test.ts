import { renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { deflateRawSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { AnswerLayer } from '../../../daemons/metadata/answer-layer.ts';
import { AnswersKeeper } from '../../../daemons/metadata/keep-answers.ts';
import { Health } from '../../../daemons/shared/daemon/health.ts';

const makeKeeper = (t: Test) => {
  const path = join(t.testdir({}), 'answers.yaml');
  const [layer, health, events] = [new AnswerLayer(), new Health(), [] as string[]];
  const note = (fields: { event: string }): void => void events.push(fields.event);
  const log = { info: note, warn: note } as never;
  const keeper = new AnswersKeeper({ health, log, layer, onChange: () => events.push('change'), everyMs: 10 });
  t.teardown(() => keeper.close());
  const value = (): unknown => layer.over(undefined, 'latest', undefined, false)?.a;
  const until = async (condition: () => boolean): Promise<void> => {
    for (const end = Date.now() + 5_000; !condition(); await sleep(5)) if (Date.now() > end) throw new Error('never');
  };
  const use = (more: object = {}) => keeper.use({ path, form: 'auto', use: 'instead', ...more } as never);
  return { path, keeper, health, events, value, until, use };
};
const file = (value: string): string => `latest: { default: { a: ${value} } }`;

t.test('a file is read, followed, and kept when an edit is broken', async (t) => {
  const { path, keeper, health, events, value, until, use } = makeKeeper(t);
  await use();
  t.equal(health.report().state, 'ready', 'a file that is not there yet is no fault');
  writeFileSync(path, file('one'));
  await until(() => value() === 'one');
  writeFileSync(path, file('[tok-s3cret'));
  await until(() => health.report().state === 'degraded');
  t.equal(value(), 'one');
  t.match(health.report().conditions[0], { code: 'CONFIG_INVALID', text: /the last good answers are served/ });
  await t.rejects(keeper.reload(), { code: 'CONFIG_INVALID' });
  await sleep(50);
  t.equal(events.filter((event) => event === 'answers.refused').length, 1, 'told once');
  t.notMatch(JSON.stringify(health.report()), 's3cret');
  writeFileSync(path, file('two'));
  await until(() => value() === 'two');
  t.equal(health.report().state, 'ready');
  rmSync(path);
  await until(() => health.report().state === 'degraded');
  t.equal(value(), 'two', 'gone is broken too');
  writeFileSync(`${path}.new`, file('three'));
  renameSync(`${path}.new`, path);
  await until(() => value() === 'three');
  truncateSync(path);
  await until(() => health.report().state === 'degraded');
  t.equal(value(), 'three');
});

t.test('the same content changes nothing; a fault that is gone is forgotten', async (t) => {
  const { path, keeper, health, events, until, use } = makeKeeper(t);
  writeFileSync(path, file('one'));
  await use();
  writeFileSync(path, 'latest: [');
  await until(() => health.report().state === 'degraded');
  writeFileSync(path, file('one'));
  await until(() => health.report().state === 'ready');
  await keeper.reload();
  t.equal(events.filter((event) => event === 'change').length, 1);
});

t.test('another configuration, and none', async (t) => {
  const { path, health, value, use } = makeKeeper(t);
  writeFileSync(path, file('one'));
  await use();
  t.equal(value(), 'one');
  await use({ form: 'objects' });
  t.equal(health.report().state, 'degraded');
  await use({ path: 'none', use: 'over' });
  t.equal(value(), undefined);
  t.match(health.report(), { state: 'ready', conditions: [{ text: 'no answers file' }] });
});

t.test('YAML has a smaller bound than JSON', async (t) => {
  const { path, health, value, use } = makeKeeper(t);
  const text = 'x'.repeat(5_000_000);
  writeFileSync(path, file(text));
  await use();
  t.match(health.report().conditions[0], { ok: false, code: 'FILE_TOO_LARGE', text: /as JSON it may be larger/ });
  writeFileSync(path, `{"latest":{"default":{"a":"${text}"}}}`);
  await use();
  t.equal((value() as string).length, text.length);
});

t.test('many objects are taken in turns, and a later file wins over one that is still being read', async (t) => {
  const { path, health, keeper, value, use } = makeKeeper(t);
  const stream = Array.from({ length: 30_000 }, (_, n) =>
    JSON.stringify({ metadata_kind: 'container', uuid: `u${n}`, name: `c${n}` }),
  );
  writeFileSync(path, stream.join('\n'));
  let turns = 0;
  const count = setInterval(() => {
    turns += 1;
  }, 1);
  const reading = use();
  await reading;
  t.ok(turns > 3, `${turns} turns of others meanwhile`);
  t.equal(health.report().state, 'ready');
  writeFileSync(path, `${stream.join('\n')}\n`);
  const slow = keeper.reload();
  writeFileSync(path, file('later'));
  await keeper.reload();
  await slow;
  t.equal(value(), 'later');
  clearInterval(count);
});

t.test('a saved file is unpacked; a tree has a bound that objects have not', async (t) => {
  const { path, health, use, keeper } = makeKeeper(t);
  const large = JSON.stringify({ latest: { default: { a: 'x'.repeat(9_000_000) } } });
  writeFileSync(path, large);
  await use();
  t.match(health.report().conditions[0], { code: 'FILE_TOO_LARGE' });
  const one = (n: number) => JSON.stringify({ metadata_kind: 'host', uuid: `h${n}`, name: 'x'.repeat(1_000_000) });
  const objects = Array.from({ length: 9 }, (_, n) => one(n)).join('\n');
  writeFileSync(path, objects);
  await keeper.reload();
  t.equal(health.report().state, 'ready');
  writeFileSync(path, JSON.stringify({ Version: '1', Data: deflateRawSync(objects).toString('base64') }));
  await keeper.reload();
  t.equal(health.report().state, 'ready');
  writeFileSync(path, '{"Version":"1","Data":"tok-s3cret"}');
  await t.rejects(keeper.reload(), { code: 'CONFIG_INVALID', message: /not base64 of raw deflate/ });
  t.notMatch(JSON.stringify(health.report()), 's3cret');
});
