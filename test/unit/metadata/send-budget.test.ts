import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import t from 'tap';
import type { Answer } from '../../../daemons/metadata/answer.ts';
import { SendBudget } from '../../../daemons/metadata/send-budget.ts';

const mb = 1024 * 1024;
const of = (length: number): Answer => ({ status: 200, headers: [], content: [], length, body: Buffer.alloc(0) });
const client = () => new EventEmitter() as unknown as ServerResponse;

t.test('large answers on their way are bounded; one that many take counts once', async (t) => {
  const budget = new SendBudget(10 * mb);
  const [large, other] = [of(8 * mb), of(4 * mb)];
  const clients = [client(), client()];
  t.same(
    clients.map((one) => budget.take(large, one)),
    [true, true],
  );
  t.equal(budget.bytes, 8 * mb);
  t.equal(budget.take(other, client()), false);
  t.equal(budget.take(of(1_000), client()), true, 'a small one always');
  t.equal(budget.refused, 1);
  clients[0]!.emit('close');
  t.equal(budget.take(other, client()), false, 'the second client still takes it');
  clients[1]!.emit('close');
  t.equal(budget.bytes, 0);
  t.equal(budget.take(other, client()), true);
});

t.test('alone, an answer passes whatever its size', async (t) => {
  const budget = new SendBudget(10 * mb);
  t.equal(budget.take(of(50 * mb), client()), true);
  t.equal(budget.take(of(2 * mb), client()), false);
});
