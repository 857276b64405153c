import t from 'tap';
import { kinds } from '../../../../daemons/shared/model/objects.ts';
import { parseKinds, parseLine, renderLine, watchMembers } from '../../../../daemons/shared/model/wire.ts';

t.test('a line goes out and comes in', async (t) => {
  const line = { beat: { revision: 3, complete: true } };
  t.equal(renderLine(line), '{"beat":{"revision":3,"complete":true}}\n');
  t.same(parseLine(renderLine(line), watchMembers), line);
  t.same(parseLine('{"batch":1,"unknown":2}', watchMembers), { batch: 1, unknown: 2 }, 'unknown members are no fault');
});

t.test('anything else is PROTOCOL', async (t) => {
  for (const text of ['', '{', 'null', '5', '"put"', '[]', '{}', '{"other":1}']) {
    t.throws(() => parseLine(text, watchMembers), { code: 'PROTOCOL' }, text);
  }
});

t.test('kinds', async (t) => {
  t.same(parseKinds(undefined), kinds);
  t.same(parseKinds(''), kinds);
  t.same(parseKinds('host,container'), ['host', 'container']);
  for (const text of ['hosts', 'host,', 'host,secret', '__proto__'])
    t.throws(() => parseKinds(text), { code: 'USAGE' }, text);
});
