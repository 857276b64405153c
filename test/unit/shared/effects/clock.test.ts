import t from 'tap';
import { type Clock, systemClock } from '../../../../daemons/shared/effects/clock.ts';
import { FakeClock } from '../../../fakes/clock.ts';

t.test('the clock of the machine goes forward and fires', async (t) => {
  const before = systemClock.now();
  await new Promise<void>((resolve) => {
    const keep = setInterval(() => {}, 1_000);
    systemClock.after(5, () => {
      clearInterval(keep);
      resolve();
    });
  });
  t.ok(systemClock.now() >= before + 4);
});

t.test('the fake clock fires in order of time, at that time', async (t) => {
  const clock = new FakeClock();
  const seen: string[] = [];
  const note = (name: string) => (): number => seen.push(`${name}@${clock.now()}`);
  clock.after(20, note('late'));
  clock.after(10, note('early'));
  const cancel = clock.every(8, note('tick'));
  clock.after(15, note('never'))();
  await clock.advance(20);
  t.same(seen, ['tick@8', 'early@10', 'tick@16', 'late@20']);
  cancel();
  cancel();
  t.equal(clock.waiting, 0);
  await clock.advance(100);
  t.equal(clock.now(), 120);
  t.equal(seen.length, 4);
});

t.test('timers that timers and promises set belong to the same advance', async (t) => {
  const clock: FakeClock & Clock = new FakeClock();
  const seen: number[] = [];
  clock.after(10, async () => {
    await Promise.resolve();
    clock.after(5, () => seen.push(clock.now()));
  });
  await clock.advance(30);
  t.same(seen, [15]);
  t.throws(() => clock.every(0, () => {}));
});
