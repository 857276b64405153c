import t from 'tap';
import { Turns } from '../../../../daemons/network-manager/cni-host/turns.ts';

t.test('so many at once, the others in their order, failures included', async (t) => {
  const turns = new Turns(2);
  const begun: number[] = [];
  let [running, most] = [0, 0];
  const work = async (at: number): Promise<number> => {
    begun.push(at);
    running += 1;
    most = Math.max(most, running);
    await new Promise(setImmediate);
    running -= 1;
    if (at === 1) throw new Error('one fails');
    return at;
  };
  const results = await Promise.allSettled([0, 1, 2, 3, 4].map((at) => turns.run(() => work(at))));
  t.same(begun, [0, 1, 2, 3, 4]);
  t.equal(most, 2);
  t.same(
    results.map((result) => (result.status === 'fulfilled' ? result.value : 'failed')),
    [0, 'failed', 2, 3, 4],
  );
  t.equal(await turns.run(() => work(5)), 5, 'and turns are free again');
});

t.test('one begins in each turn of the loop', async (t) => {
  const turns = new Turns(Number.POSITIVE_INFINITY);
  let turn = 0;
  const count = (): void => {
    turn += 1;
    if (turn < 50) setImmediate(count);
  };
  setImmediate(count);
  const begunIn = await Promise.all([0, 1, 2, 3].map(() => turns.run(async () => turn)));
  t.equal(new Set(begunIn).size, 4, begunIn.join());
});

t.test('none begins while callers come, for a tenth of a second at most', async (t) => {
  const turns = new Turns(Number.POSITIVE_INFINITY);
  let [turn, left] = [0, 5];
  const come = (): void => {
    turn += 1;
    if (left > 0) turns.hold();
    left -= 1;
    if (left > -5) setImmediate(come);
  };
  turns.hold();
  setImmediate(come);
  t.ok((await turns.run(async () => turn)) >= 5);
  const begun = performance.now();
  let done = false;
  const stream = (): void => {
    turns.hold();
    if (!done) setImmediate(stream);
  };
  stream();
  await turns.run(async () => undefined);
  done = true;
  t.ok(performance.now() - begun >= 90, 'held');
});
