import t from 'tap';
import { within } from '../../../../daemons/shared/reconcile/within.ts';

t.test('what comes in time comes through', async (t) => {
  t.equal(await within(10_000, 'ask', Promise.resolve(7)), 7);
  await t.rejects(within(10_000, 'ask', Promise.reject(new Error('no'))), { message: 'no' });
});

t.test('what does not is DEADLINE, naming the attempt', async (t) => {
  await t.rejects(within(1, 'ask the moon', new Promise(() => {})), {
    code: 'DEADLINE',
    message: 'ask the moon: no answer in 1 ms',
  });
});

t.test('a failure after the deadline harms nobody', async (t) => {
  let fail: (error: Error) => void = () => {};
  const work = new Promise((_, reject) => {
    fail = reject;
  });
  await t.rejects(within(1, 'ask', work), { code: 'DEADLINE' });
  fail(new Error('late'));
  await new Promise(setImmediate);
  t.pass('no unhandled rejection');
});
