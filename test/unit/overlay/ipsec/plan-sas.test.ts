import t from 'tap';
import type { ChildSa, IkeSa } from '../../../../daemons/overlay/ipsec/parse-sas.ts';
import { blank, type Ground, planSas, type SaStep } from '../../../../daemons/overlay/ipsec/plan-sas.ts';
import type { WantConnection } from '../../../../daemons/overlay/ipsec/want-connections.ts';
import { hostIdOf } from '../../../fixtures/overlay-objects.ts';

const want = (number: number, rest: Partial<WantConnection> = {}): WantConnection => ({
  name: `corral-${hostIdOf(number)}-aaaaaaaa`,
  hostId: hostIdOf(number),
  host: `node-${number}`,
  initiates: true,
  children: [{ name: 'net', localTs: ['10.42.1.0/24'], remoteTs: [`10.42.${number}.0/24`] }],
  message: {},
  digest: '',
  ...rest,
});
const childSa = (number: number, rest: Partial<ChildSa> = {}): ChildSa => ({
  name: 'net',
  id: `c${number}`,
  state: 'INSTALLED',
  age: 60,
  bytesIn: 0,
  bytesOut: 0,
  localTs: ['10.42.1.0/24'],
  remoteTs: [`10.42.${number}.0/24`],
  ...rest,
});
const ike = (number: number, rest: Partial<IkeSa> = {}): IkeSa => ({
  name: want(number).name,
  id: `i${number}`,
  state: 'ESTABLISHED',
  age: 60,
  children: [childSa(number)],
  ...rest,
});
const ground = (now: number, rest: Partial<Ground> = {}): Ground => ({ now, complete: true, isFresh: false, ...rest });
const verbs = (steps: readonly SaStep[]): string[] => steps.map((step) => step.do);

t.test('what stands is left alone', async (t) => {
  t.same(planSas([want(2), want(3)], [ike(2), ike(3)], blank, ground(0)).steps, []);
  const rekeying = ike(2, { children: [childSa(2, { state: 'REKEYED' }), childSa(2, { id: 'new', age: 0 })] });
  t.same(planSas([want(2)], [rekeying], blank, ground(0)).steps, []);
});

t.test('what is missing is begun at once, and again, but not while it is under way', async (t) => {
  const first = planSas([want(2)], [], blank, ground(1_000));
  t.same(first.steps, [{ do: 'initiate', connection: want(2).name, child: 'net' }]);
  const second = planSas([want(2)], [], first.memory, ground(1_900));
  t.same(second.steps, []);
  const third = planSas([want(2)], [], second.memory, ground(2_000));
  t.same(verbs(third.steps), ['initiate'], 'soon, while it is news');
  const late = planSas([want(2)], [], third.memory, ground(11_000));
  t.same(verbs(late.steps), ['initiate']);
  t.same(planSas([want(2)], [], late.memory, ground(15_900)).steps, [], 'and then less often');
  t.same(verbs(planSas([want(2)], [], late.memory, ground(16_000)).steps), ['initiate']);
  const connecting = ike(2, { state: 'CONNECTING', children: [] });
  t.same(planSas([want(2)], [connecting], second.memory, ground(60_000)).steps, []);
  const childless = ike(2, { children: [] });
  t.same(
    verbs(planSas([want(2)], [childless], blank, ground(0)).steps),
    ['initiate'],
    'an IKE SA alone carries nothing',
  );
});

t.test('the other end waits, unless its own charon has just lost everything', async (t) => {
  const waits = want(2, { initiates: false });
  const first = planSas([waits], [], blank, ground(0));
  t.same(first.steps, []);
  t.same(planSas([waits], [], first.memory, ground(3_900)).steps, []);
  t.same(verbs(planSas([waits], [], first.memory, ground(4_000)).steps), ['initiate']);
  t.same(verbs(planSas([waits], [], blank, ground(0, { isFresh: true })).steps), ['initiate']);
});

t.test('of hundreds of peers some are met at a time', async (t) => {
  const wants = Array.from({ length: 200 }, (_, at) => want(at + 2));
  t.equal(planSas(wants, [], blank, ground(0)).steps.length, 32);
});

t.test('nor do many, as soon as it is clear that they do not answer', async (t) => {
  const dead = Array.from({ length: 40 }, (_, at) => want(at + 2));
  const connecting = dead.map((_, at) => ike(at + 2, { state: 'CONNECTING', children: [] }));
  const alive = want(99);
  const first = planSas([...dead, alive], connecting, blank, ground(0));
  t.same(first.steps, [], 'they may still answer');
  const second = planSas([...dead, alive], connecting, first.memory, ground(9_900));
  t.same(second.steps, []);
  const third = planSas([...dead, alive], connecting, second.memory, ground(10_000));
  t.same(third.steps, [{ do: 'initiate', connection: alive.name, child: 'net' }]);
});

t.test('an attempt at a peer that came by itself from elsewhere is given up', async (t) => {
  const have = [ike(2), ike(2, { id: 'vain', state: 'CONNECTING', children: [] })];
  const first = planSas([want(2)], have, blank, ground(0));
  t.same(first.steps, [], 'both may have begun at once');
  t.same(planSas([want(2)], have, first.memory, ground(9_900)).steps, []);
  t.same(planSas([want(2)], have, first.memory, ground(10_000)).steps, [
    { do: 'end-ike', id: 'vain', name: want(2).name },
  ]);
  t.same(planSas([want(2)], have.slice(1), first.memory, ground(60_000)).steps, [], 'not if it is the only one');
});

t.test('both ends began at once: the youngest association is left', async (t) => {
  const twins = [ike(2, { id: '7' }), ike(2, { id: '11' }), ike(2, { id: '9' })];
  const { steps } = planSas([want(2)], twins, blank, ground(0));
  t.same(
    steps.map((step) => step.do === 'end-ike' && step.id),
    ['9', '7'],
  );
  t.same(planSas([want(2, { initiates: false })], twins, blank, ground(0)).steps, [], 'one end alone tidies up');
  const young = ike(2, { id: '11', children: [childSa(2, { age: 14 })] });
  t.same(planSas([want(2)], [ike(2, { id: '7' }), young], blank, ground(0)).steps, [], 'charon may end one itself');
});

t.test('other selectors: a new association before the old one ends', async (t) => {
  const wider = want(2, {
    children: [{ name: 'net', localTs: ['10.42.1.0/24'], remoteTs: ['10.42.2.0/24', '10.42.200.7/32'] }],
  });
  t.same(verbs(planSas([wider], [ike(2)], blank, ground(0)).steps), ['initiate']);
  const fresh = childSa(2, { id: 'new', remoteTs: ['10.42.200.7/32', '10.42.2.0/24'], age: 1 });
  const both = ike(2, { children: [childSa(2), fresh] });
  t.same(planSas([wider], [both], blank, ground(0)).steps, [], 'packets are still under way');
  const later = ike(2, { children: [childSa(2), { ...fresh, age: 6 }] });
  t.same(planSas([wider], [later], blank, ground(0)).steps, [{ do: 'end-child', id: 'c2', name: 'net' }]);
  t.same(planSas([{ ...wider, initiates: false }], [later], blank, ground(0)).steps, [], 'one end alone tidies up');
});

t.test('an association of former keys carries on until its follower stands, or its time is over', async (t) => {
  const old = ike(2, { name: `corral-${hostIdOf(2)}-00000000`, id: 'old' });
  const first = planSas([want(2)], [old], blank, ground(0));
  t.same(verbs(first.steps), ['initiate']);
  t.same(
    planSas([want(2)], [old, ike(2, { children: [childSa(2, { age: 1 })] })], first.memory, ground(2_000)).steps,
    [],
  );
  t.same(planSas([want(2)], [old, ike(2)], first.memory, ground(9_000)).steps, [
    { do: 'end-ike', id: 'old', name: old.name },
  ]);
  t.ok(planSas([want(2)], [old], first.memory, ground(60_000)).steps.some((step) => step.do === 'end-ike'));
});

t.test('a peer that is gone is ended, also while it is met, but not on a doubtful word', async (t) => {
  const connecting = ike(3, { state: 'CONNECTING', children: [] });
  t.same(verbs(planSas([], [ike(2), connecting], blank, ground(0)).steps), ['end-ike', 'end-ike']);
  t.same(planSas([], [ike(2)], blank, ground(0, { complete: false })).steps, []);
  t.same(planSas([], [ike(2, { name: 'somebody-else' })], blank, ground(0)).steps, []);
});

t.test('one peer that is unreachable does not keep the others waiting', async (t) => {
  const wants = [want(2), want(3), want(4)];
  const have = [ike(2, { state: 'CONNECTING', children: [] })];
  const { steps } = planSas(wants, have, blank, ground(0));
  t.same(
    steps.map((step) => step.do === 'initiate' && step.connection),
    [want(3).name, want(4).name],
  );
});
