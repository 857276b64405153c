import t from 'tap';
import { KeyedQueue } from '../../../../daemons/network-manager/attachments/keyed-queue.ts';
import { until } from '../../../netns/support/namespaces.ts';

/** Work that ends when the test says so. */
function gate(): { passed: Promise<void>; open: () => void; fail: (error: Error) => void } {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  return { passed: promise, open: resolve, fail: reject };
}

t.test('of one key one look at a time, and a poke meanwhile makes exactly one more', async (t) => {
  const gates = [gate(), gate(), gate()];
  let looks = 0;
  let inside = 0;
  const queue = new KeyedQueue({
    look: async () => {
      inside += 1;
      t.equal(inside, 1);
      await gates[looks++]?.passed;
      inside -= 1;
    },
  });
  for (let count = 0; count < 5; count += 1) queue.poke('a');
  for (let count = 0; count < 5; count += 1) queue.poke('a');
  gates[0]?.open();
  await until(2_000, 'the second look', () => looks === 2);
  gates[1]?.open();
  await queue.close();
  t.equal(looks, 2);
});

t.test('different keys at once, but no more than allowed', async (t) => {
  const wait = gate();
  let [inside, most, done] = [0, 0, 0];
  const queue = new KeyedQueue({
    parallel: 3,
    look: async () => {
      inside += 1;
      most = Math.max(most, inside);
      await wait.passed;
      inside -= 1;
      done += 1;
    },
  });
  for (let key = 0; key < 10; key += 1) queue.poke(String(key));
  t.equal(inside, 3);
  wait.open();
  await until(2_000, 'all are done', () => done === 10);
  t.equal(most, 3);
});

t.test('a look that fails is taken again until it succeeds', async (t) => {
  let looks = 0;
  const queue = new KeyedQueue({
    look: async () => {
      looks += 1;
      if (looks < 3) throw new Error('not yet');
    },
  });
  queue.poke('a');
  await until(5_000, 'the third look', () => looks === 3);
  t.equal(queue.failing, 0);
  await queue.close();
});

t.test('a poke does not wait for the retry, and a job in between does not lose it', async (t) => {
  let looks = 0;
  const queue = new KeyedQueue({
    look: async () => {
      looks += 1;
      if (looks === 1) throw new Error('not yet');
    },
  });
  queue.poke('a');
  await until(2_000, 'the first look failed', () => queue.failing === 1);
  t.equal(await queue.exclusive('a', async () => 'answer'), 'answer');
  await until(100, 'the look at once', () => looks === 2);
  await queue.close();
});

t.test('a caller’s job runs alone, in order, and its failure is the caller’s', async (t) => {
  const wait = gate();
  const order: string[] = [];
  const queue = new KeyedQueue({ look: async () => void order.push('look') });
  const first = queue.exclusive('a', async () => {
    await wait.passed;
    order.push('first');
  });
  const second = queue.exclusive('a', async () => {
    order.push('second');
    throw new Error('mine');
  });
  queue.poke('a');
  wait.open();
  await first;
  await t.rejects(second, { message: 'mine' });
  await until(2_000, 'the look', () => order.length === 3);
  t.same(order, ['first', 'second', 'look']);
});

t.test('bounds', async (t) => {
  const wait = gate();
  const queue = new KeyedQueue({ look: () => wait.passed, maxKeys: 2 });
  const jobs = Array.from({ length: 9 }, () => queue.exclusive('a', () => wait.passed));
  const last = queue.exclusive('a', () => wait.passed);
  await t.rejects(last, { code: 'BUSY' }, 'jobs of one key');
  queue.poke('b');
  queue.poke('c');
  t.equal(queue.refused, 1);
  await t.rejects(
    queue.exclusive('c', () => wait.passed),
    { code: 'BUSY' },
    'keys',
  );
  wait.open();
  await Promise.all(jobs);
  await queue.close();
  await t.rejects(
    queue.exclusive('a', async () => 1),
    { code: 'BUSY' },
    'closed',
  );
});
