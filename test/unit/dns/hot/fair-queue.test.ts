import t from 'tap';
import { FairQueue } from '../../../../daemons/dns/hot/fair-queue.ts';

t.test('sources take turns, each in its own order', async (t) => {
  const queue = new FairQueue<string>();
  for (const item of ['a1', 'a2', 'a3']) queue.push(1, item);
  for (const item of ['b1', 'b2']) queue.push(2, item);
  const order: (string | undefined)[] = [];
  while (queue.size > 0) order.push(queue.shift());
  t.same(order, ['a1', 'b1', 'a2', 'b2', 'a3']);
  t.equal(queue.shift(), undefined);
});

t.test('one source, and all, are bounded', async (t) => {
  const queue = new FairQueue<number>({ perSource: 2, total: 3 });
  t.same(
    [1, 2, 3].map((item) => queue.push(1, item)),
    [true, true, false],
  );
  t.same([queue.push(2, 4), queue.push(3, 5)], [true, false]);
  t.same([queue.shift(), queue.push(3, 6)], [1, true]);
});
