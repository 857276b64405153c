import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { answer } from '../../../daemons/metadata/answer.ts';
import { touchedBy } from '../../../daemons/metadata/dependents.ts';
import { parseTarget } from '../../../daemons/metadata/http-target.ts';
import { LongPolls } from '../../../daemons/metadata/long-polls.ts';
import { parsePoll } from '../../../daemons/metadata/poll-request.ts';
import { parseIpv4 } from '../../../daemons/shared/model/ipv4.ts';
import { solo, World, webFront } from './world.ts';

const ip = (text: string) => parseIpv4(text)!;

const setup = (t: Test, limits?: { total: number; perAddress: number }) => {
  const world = new World();
  const polls = new LongPolls({ catalog: world.catalog, trees: world.trees, ...(limits ? { limits } : {}) });
  t.teardown(() => polls.close());
  const answers: string[] = [];
  const hold = (target: string, peer = '10.42.1.10') => {
    const parsed = parseTarget(target);
    const poll = parsed.kind === 'value' ? parsePoll(parsed) : undefined;
    if (!poll) throw new Error(`no poll: ${target}`);
    const wake = (): void => {
      const self = world.catalog.containerAt(ip(peer));
      const { status, body } = answer(world.trees, { method: 'GET', target, accept: undefined, self });
      answers.push(`${status} ${body}`);
    };
    return polls.hold(poll, { peer: ip(peer), caller: ip(peer), wake });
  };
  const look = () => polls.touched(touchedBy(world.revision));
  return { world, polls, answers, hold, look };
};

t.test('woken by their own news, not by others’', async (t) => {
  const { world, polls, answers, hold, look } = setup(t);
  const version = world.catalog.version;
  t.ok(hold(`/latest/version?wait=true&value=${version}`));
  t.ok(hold('/latest/self/container/state?wait=true&value=running'));
  t.ok(hold('/latest/self/container/state?wait=true&value=running', '10.42.1.13'));
  t.ok(hold('/latest/containers/new/state?wait=true&value=x'));
  world.change([{ ...solo, startCount: 5 }]);
  look();
  t.same(answers, [`200 ${world.catalog.version}`]);
  world.change([{ ...solo, state: 'stopping' }]);
  look();
  t.same(answers.slice(1), ['200 stopping']);
  world.change([{ ...webFront, name: 'New' }]);
  look();
  t.same(answers.slice(2), ['200 running']);
  t.equal(polls.size, 1);
});

t.test('news that is already there needs no waiting', async (t) => {
  const { hold, polls } = setup(t);
  t.equal(hold('/latest/version?wait=true&value=init'), undefined);
  t.equal(hold('/nope/version?wait=true&value=init'), undefined);
  t.equal(polls.size, 0);
});

t.test('an exact end: what there is, or Not found', async (t) => {
  const { hold, answers, polls } = setup(t);
  const started = performance.now();
  t.ok(hold('/latest/name?wait=true&value=default&maxWait=1'));
  t.ok(hold('/latest/nope?wait=true&value=x&maxWait=1', '10.42.1.13'));
  while (answers.length < 2 && performance.now() - started < 5_000) await sleep(10);
  t.same(answers.sort(), ['200 default', '404 Not found\n']);
  t.ok(performance.now() - started >= 990, 'not early');
  t.equal(polls.size, 0);
});

t.test('bounds: in all and for each address; who goes makes room', async (t) => {
  const { hold, polls } = setup(t, { total: 3, perAddress: 2 });
  const target = '/latest/name?wait=true&value=default';
  const first = hold(target);
  t.ok(first && hold(target));
  t.equal(hold(target), undefined, 'too many of one address');
  t.ok(hold(target, '10.42.1.12'));
  t.equal(hold(target, '10.42.1.13'), undefined, 'too many in all');
  t.equal(polls.refused, 2);
  first?.();
  first?.();
  t.equal(polls.size, 2);
  t.ok(hold(target, '10.42.1.13'));
});

t.test('thousands are woken in turns of the loop', async (t) => {
  const { world, polls, hold, answers, look } = setup(t, { total: 3_000, perAddress: 3_000 });
  const target = `/latest/version?wait=true&value=${world.catalog.version}`;
  for (let n = 0; n < 3_000; n += 1) hold(target);
  world.change([{ ...solo, startCount: 8 }]);
  look();
  t.ok(answers.length < 3_000, `${answers.length} in the first turn`);
  while (polls.size > 0) await new Promise(setImmediate);
  t.equal(answers.length, 3_000);
});

t.test('at the end everybody gets an answer', async (t) => {
  const { hold, polls, answers } = setup(t);
  hold('/latest/name?wait=true&value=default');
  polls.close();
  t.same(answers, ['200 default']);
});
