import t from 'tap';
import type { Hook } from '../../../../daemons/shared/model/hooks.ts';
import {
  type Chain,
  markRule,
  planRemoval,
  planRules,
  type WantRules,
} from '../../../../daemons/shared/reconcile/iptables-plan.ts';
import { parseSave, type SavedTables } from '../../../../daemons/shared/reconcile/iptables-save.ts';

const hooks: readonly Hook[] = [
  { table: 'filter', builtin: 'FORWARD', match: ['-i', 'vtep1042'], chain: 'CATTLE_OVERLAY_A', owner: 'overlay' },
  { table: 'filter', builtin: 'FORWARD', match: [], chain: 'CATTLE_FORWARD', owner: 'network-manager' },
  { table: 'filter', builtin: 'FORWARD', match: [], chain: 'CATTLE_POLICY', owner: 'network-manager' },
  { table: 'filter', builtin: 'FORWARD', match: [], chain: 'CATTLE_OVERLAY_Z', owner: 'overlay' },
];
const owns = (name: string): boolean => name.startsWith('CATTLE_') && !name.startsWith('CATTLE_OVERLAY_');
const body = ['-s 10.42.0.0/16 -j ACCEPT', '-d 10.42.0.0/16 -j ACCEPT'];
const chains: readonly Chain[] = [
  { table: 'filter', chain: 'CATTLE_FORWARD', rules: body },
  { table: 'filter', chain: 'CATTLE_POLICY', rules: [] },
];
const want: WantRules = { chains, hooks, owner: 'network-manager', owns };

const jump = (index: number): string => markRule([...hooks[index]!.match, '-j', hooks[index]!.chain].join(' '));
const [overlayFirst, forward, policy, overlayLast] = [jump(0), jump(1), jump(2), jump(3)];

/** A listing of the filter table: FORWARD as given, our chains as wanted unless said otherwise. */
function filter(forwardRules: readonly string[], extra: Record<string, readonly string[]> = {}): SavedTables {
  const all = { FORWARD: forwardRules, CATTLE_FORWARD: body.map(markRule), CATTLE_POLICY: [], ...extra };
  const lines = Object.entries(all).flatMap(([name, rules]) => [
    `:${name} - [0:0]`,
    ...rules.map((rule) => `-A ${name} ${rule}`),
  ]);
  return parseSave(['*filter', ...lines, 'COMMIT', ''].join('\n'));
}
const linesOf = (have: SavedTables, wanted: WantRules = want): string[] =>
  planRules(wanted, have).payload.split('\n').slice(1, -2);

t.test('from nothing: chains, rules, hooks in order', async (t) => {
  const plan = planRules(want, new Map());
  t.equal(
    plan.payload,
    `*filter
:CATTLE_FORWARD - [0:0]
:CATTLE_POLICY - [0:0]
-A CATTLE_FORWARD ${markRule(body[0]!)}
-A CATTLE_FORWARD ${markRule(body[1]!)}
-I FORWARD 1 ${forward}
-I FORWARD 2 ${policy}
COMMIT
`,
  );
  t.same(plan.changed, ['filter CATTLE_FORWARD', 'filter CATTLE_POLICY', 'filter FORWARD']);
});

t.test('equal state gives no payload', async (t) => {
  for (const rules of [
    [forward, policy],
    [forward, policy, '-j DOCKER-USER'],
    [overlayFirst, forward, policy, overlayLast, '-j DOCKER-USER'],
  ]) {
    t.match(planRules(want, filter(rules)), { payload: '', changed: [] });
  }
});

t.test('only the chain that differs is rewritten', async (t) => {
  const rewritten = [':CATTLE_FORWARD - [0:0]', ...body.map((rule) => `-A CATTLE_FORWARD ${markRule(rule)}`)];
  const cases: Record<string, readonly string[]> = {
    'a rule missing': [markRule(body[0]!)],
    'a rule too many': [...body.map(markRule), markRule('-j DROP')],
    'a foreign rule inside': [markRule(body[0]!), '-j LOG', markRule(body[1]!)],
    'another order': body.toReversed().map(markRule),
    'a rule twice': [markRule(body[0]!), markRule(body[0]!)],
    flushed: [],
  };
  for (const [name, rules] of Object.entries(cases)) {
    t.same(linesOf(filter([forward, policy], { CATTLE_FORWARD: rules })), rewritten, name);
  }
  const changed = planRules(want, filter([forward, policy], { CATTLE_POLICY: ['-j DROP'] }));
  t.same(changed.changed, ['filter CATTLE_POLICY']);
});

t.test('hooks return to their places, around those of the other writer', async (t) => {
  const both = (at: number): string[] => [`-I FORWARD ${at} ${forward}`, `-I FORWARD ${at + 1} ${policy}`];
  const cases: [string, readonly string[], readonly string[]][] = [
    ['missing', ['-j FOREIGN'], both(1)],
    ['one missing', [forward], [`-D FORWARD ${forward}`, ...both(1)]],
    [
      'below a foreign rule',
      ['-j DROP', forward, policy],
      [`-D FORWARD ${forward}`, `-D FORWARD ${policy}`, ...both(1)],
    ],
    ['twice', [forward, policy, policy], [forward, policy, policy].map((rule) => `-D FORWARD ${rule}`).concat(both(1))],
    ['swapped', [policy, forward], [policy, forward].map((rule) => `-D FORWARD ${rule}`).concat(both(1))],
    ['behind an earlier hook of the other', [overlayFirst, '-j DROP'], both(2)],
    ['before a later hook of the other', [overlayLast, '-j DROP'], both(1)],
    ['an earlier hook of the other that fell behind a foreign rule', ['-j DROP', overlayFirst], both(1)],
    [
      'a later hook of the other in front',
      [overlayLast, forward, policy],
      [`-D FORWARD ${forward}`, `-D FORWARD ${policy}`, ...both(1)],
    ],
    [
      'an old jump without id',
      ['-j CATTLE_FORWARD', forward, policy],
      ['-D FORWARD -j CATTLE_FORWARD', `-D FORWARD ${forward}`, `-D FORWARD ${policy}`, ...both(1)],
    ],
  ];
  for (const [name, have, lines] of cases) t.same(linesOf(filter(have)), lines, name);
});

t.test('a hook whose chain is not wanted is taken out with the chain', async (t) => {
  const less: WantRules = { ...want, chains: chains.slice(0, 1) };
  t.same(linesOf(filter([forward, policy, '-j X']), less), [
    ':CATTLE_POLICY - [0:0]',
    `-D FORWARD ${forward}`,
    `-D FORWARD ${policy}`,
    `-I FORWARD 1 ${forward}`,
    '-X CATTLE_POLICY',
  ]);
  t.same(linesOf(filter([forward]), { ...less, hooks: hooks.slice(0, 2) }), [
    ':CATTLE_POLICY - [0:0]',
    '-X CATTLE_POLICY',
  ]);
});

t.test('chains that are not wanted any more go, unless somebody else jumps to them', async (t) => {
  const old = { CATTLE_BUCKET_7: [markRule('-j ACCEPT')], CATTLE_OVERLAY_A: [markRule('-j ACCEPT')] };
  t.same(linesOf(filter([forward, policy], old)), [':CATTLE_BUCKET_7 - [0:0]', '-X CATTLE_BUCKET_7']);
  const used = { ...old, 'DOCKER-USER': ['-j CATTLE_BUCKET_7'] };
  t.same(linesOf(filter([forward, policy], used)), [':CATTLE_BUCKET_7 - [0:0]'], 'emptied only');
  t.same(linesOf(filter([forward, policy], { ...used, CATTLE_BUCKET_7: [] })), [], 'and then left alone');
});

t.test('removal takes everything of one writer and nothing else', async (t) => {
  const have = filter([overlayFirst, forward, '-j FOREIGN', '-j CATTLE_POLICY'], {
    CATTLE_OVERLAY_A: ['-j DROP'],
    FOREIGN: ['-j DROP'],
  });
  t.same(planRemoval(want, have).payload.split('\n'), [
    '*filter',
    ':CATTLE_FORWARD - [0:0]',
    ':CATTLE_POLICY - [0:0]',
    `-D FORWARD ${forward}`,
    '-D FORWARD -j CATTLE_POLICY',
    '-X CATTLE_FORWARD',
    '-X CATTLE_POLICY',
    'COMMIT',
    '',
  ]);
  t.equal(
    planRemoval(want, filter([overlayFirst, '-j FOREIGN'], { CATTLE_FORWARD: [], CATTLE_POLICY: [] })).changed.length,
    2,
  );
  t.equal(planRemoval(want, parseSave('*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n')).payload, '');
});

t.test('tables are separate', async (t) => {
  const nat: Chain = { table: 'nat', chain: 'CATTLE_PREROUTING', rules: ['-p tcp -j RETURN'] };
  const plan = planRules({ ...want, chains: [...chains, nat] }, filter([forward, policy]));
  t.match(plan.payload, /^\*nat\n:CATTLE_PREROUTING - \[0:0\]\n-A CATTLE_PREROUTING .*\nCOMMIT\n$/);
});

t.test('one rule never becomes two', async (t) => {
  for (const text of ['-j ACCEPT\n-A INPUT -j ACCEPT', '-j ACCEPT\r']) {
    t.throws(
      () => planRules({ ...want, chains: [{ table: 'filter', chain: 'CATTLE_FORWARD', rules: [text] }] }, new Map()),
      {
        code: 'INTERNAL',
      },
    );
  }
});
