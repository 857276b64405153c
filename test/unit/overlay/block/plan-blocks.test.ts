// What the kernel is told to drop of a secret network, and what it lets pass; as `ip xfrm policy` and `ip rule` would say it.
import t from 'tap';
import { renderRange } from '../../../../daemons/overlay/addresses.ts';
import { type Closed, planPolicies, wantPolicies } from '../../../../daemons/overlay/block/plan-blocks.ts';
import { planRefusals, wantRefusals } from '../../../../daemons/overlay/block/refuse-own.ts';
import type { WantPolicy } from '../../../../daemons/shared/effects/netlink/xfrm.ts';
import type { RouteRule } from '../../../../daemons/shared/effects/netlink.ts';
import { blockPriority, passPriority } from '../../../../daemons/shared/model/block.ts';
import { parseCidr4 } from '../../../../daemons/shared/model/ipv4.ts';

const subnet = parseCidr4('10.42.0.0/16')!;
const subnet6 = { base: 'fd42::', prefix: 48 };
const own6 = [{ base: 'fd42:0:0:1::', prefix: 64 }];
const whole: Closed = { subnet, subnet6, bridge: 7, tunnels: [9], own6, addresses6: ['fd42:0:0:1::1'] };

const shown = ({ direction, source, destination, device, blocks }: WantPolicy): string => {
  const from = device === 0 ? '' : ` dev ${device}`;
  return `${blocks ? 'block' : 'pass'} ${direction} ${renderRange(source)} ${renderRange(destination)}${from}`;
};

const blocks4 = [
  'block out 0.0.0.0/0 10.42.0.0/16',
  'block in 10.42.0.0/16 0.0.0.0/0',
  'block fwd 10.42.0.0/16 0.0.0.0/0',
];
const blocks6 = ['block out ::/0 fd42::/48', 'block fwd fd42::/48 ::/0'];
const passOf = (device: number): string => `pass out ::/0 fd42::/48 dev ${device}`;

t.test('both families are blocked, and what leaves by the network’s own devices passes', async (t) => {
  const want = wantPolicies([whole]);
  t.same(want.map(shown), [
    ...blocks4,
    ...blocks6,
    ...[1, 7, 9].map(passOf),
    'pass out ::/0 fd42:0:0:1::/64',
    'pass out fd42:0:0:1::1/128 fd42::/48',
  ]);
  t.ok(want.every(({ priority, blocks }) => priority === (blocks ? blockPriority : passPriority)));
  t.ok(passPriority < blockPriority, 'asked first');
});

t.test('before there is a bridge or a tunnel less passes, and nothing of what the host sends to others', async (t) => {
  const want = wantPolicies([{ ...whole, bridge: undefined, tunnels: [], own6: [] }]);
  t.same(want.map(shown), [...blocks4, ...blocks6, passOf(1)]);
  t.same(wantPolicies([{ ...whole, subnet6: undefined }]).map(shown), blocks4, 'without IPv6 inside');
});

t.test('a network that is on this host as a whole has no policy that both blocks and lets pass', async (t) => {
  const want = wantPolicies([{ ...whole, tunnels: [], own6: [subnet6] }]).map(shown);
  t.ok(want.includes('pass out ::/0 fd42::/48'));
  t.notOk(want.includes('block out ::/0 fd42::/48'), 'the kernel keeps one of a selector');
});

t.test('only what differs is written; what lets pass comes first and goes last; others’ policies stay', async (t) => {
  const want = wantPolicies([whole]);
  const have = want.map((policy, index) => ({ ...policy, index }));
  const steps = (...of: Parameters<typeof planPolicies>): string[] =>
    planPolicies(...of).map((step) => `${step.do} ${shown(step.policy)}`);
  t.same(steps(want, have, true), []);
  const fresh = steps(want, [], true);
  t.equal(fresh.length, 10);
  t.equal(
    fresh.findLastIndex((line) => line.startsWith('set pass')),
    4,
  );
  const gone = steps([], have, true);
  t.equal(
    gone.findLastIndex((line) => line.startsWith('drop block')),
    4,
  );
  t.equal(gone.length, 10);
  t.same(steps([], have, false), [], 'nothing is opened on a doubtful word');
  const foreign = [
    { ...have[0]!, priority: 5 },
    { ...have[0]!, blocks: false },
  ];
  t.same(steps([], foreign, true), []);
  t.equal(steps(want, foreign, true).length, 10);
  const moved = steps(wantPolicies([{ ...whole, tunnels: [12] }]), have, true);
  t.same(moved, [`set ${passOf(12)}`, `drop ${passOf(9)}`], 'a device that was made anew');
  const former = wantPolicies([{ ...whole, own6: [subnet6] }]).map((policy, index) => ({ ...policy, index }));
  t.same(steps(want, former, true), ['set pass out ::/0 fd42:0:0:1::/64', 'set block out ::/0 fd42::/48']);
});

t.test('what the host sends has to take a route into the network, or none', async (t) => {
  const want = wantRefusals([subnet6]);
  const told = ({ priority, destination, incoming, action }: RouteRule): string =>
    `${priority} to ${renderRange(destination)} iif ${incoming} ${Object.values(action).join(' ')}`;
  t.same(want.map(told), ['144 to fd42::/48 iif lo look 47', '145 to fd42::/48 iif lo refuse']);
  const have = want.map((rule) => ({ ...rule, protocol: 143 }));
  const steps = (...of: Parameters<typeof planRefusals>): string[] =>
    planRefusals(...of).map((step) => `${step.do} ${step.rule.priority}`);
  t.same(steps(want, have, true), []);
  t.same(steps(want, have.slice(1), true), ['add 144']);
  t.same(steps([], have, true), ['drop 145', 'drop 144']);
  t.same(steps([], have, false), []);
  const foreign = have.map((rule) => ({ ...rule, protocol: 4 }));
  t.same(steps([], foreign, true), []);
  t.same(steps(want, foreign, true), ['add 144', 'add 145']);
});
