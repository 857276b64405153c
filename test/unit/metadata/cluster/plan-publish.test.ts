import t from 'tap';
import { planPublish } from '../../../../daemons/metadata/cluster/plan-publish.ts';

const want = (
  own: Record<string, string>,
  claims: Record<string, string> = {},
  changes: [string, string | undefined][] = [],
) => ({
  own: new Map(Object.entries(own)),
  last: 'info',
  claims: new Map(Object.entries(claims)),
  changes: new Map(changes),
});
const have = (own: Record<string, string>, claimed: string[] = [], mayDrop = true) => ({
  own: (key: string) => own[key],
  ownKeys: Object.keys(own).filter((key) => key !== 'info'),
  isClaimed: (key: string) => claimed.includes(key),
  mayDrop,
});

t.test('nothing differs: nothing is written', async (t) => {
  t.same(planPublish(want({ info: 'i', a: '1' }, { block: 'b' }), have({ info: 'i', a: '1' }, ['block'])), []);
});

t.test('claims first, own keys together, the info last', async (t) => {
  t.same(planPublish(want({ info: 'i', a: '1', b: '2' }, { block: 'x' }), have({ b: 'old', c: '3' })), [
    { absent: ['block'], operations: [{ put: 'block', value: 'x' }] },
    { absent: [], operations: [{ put: 'a', value: '1' }, { put: 'b', value: '2' }, { drop: 'c' }] },
    { absent: [], operations: [{ put: 'info', value: 'i' }] },
  ]);
});

t.test('nothing is removed before all sources have spoken', async (t) => {
  t.same(planPublish(want({ info: 'i' }), have({ info: 'i', c: '3' }, [], false)), []);
});

t.test('claims of this host are changed and given back', async (t) => {
  t.same(
    planPublish(
      want({}, {}, [
        ['x', 'new'],
        ['y', undefined],
      ]),
      have({}),
    ),
    [{ absent: [], operations: [{ put: 'x', value: 'new' }, { drop: 'y' }] }],
  );
});

t.test('batches fit into what etcd takes', async (t) => {
  const many = Object.fromEntries(Array.from({ length: 250 }, (_, at) => [`k${at}`, 'v']));
  t.same(
    planPublish(want(many), have({})).map(({ operations }) => operations.length),
    [100, 100, 50],
  );
  const large = Object.fromEntries(Array.from({ length: 5 }, (_, at) => [`k${at}`, 'v'.repeat(200_000)]));
  t.same(
    planPublish(want(large), have({})).map(({ operations }) => operations.length),
    [2, 2, 1],
  );
});
