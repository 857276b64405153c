import t from 'tap';
import { Loop } from '../../../../daemons/shared/reconcile/loop.ts';

/** Resolves when `work` has been called `count` times; `gate` holds the passes up. */
function counted(): {
  pass: () => Promise<void>;
  passes: () => number;
  reach(count: number): Promise<void>;
  open(): void;
  shut(): void;
} {
  let passes = 0;
  let waiting: { count: number; go: () => void }[] = [];
  let gate: Promise<void> | undefined;
  let open = (): void => {};
  return {
    passes: () => passes,
    shut() {
      gate = new Promise((go) => {
        open = go;
      });
    },
    open: () => {
      gate = undefined;
      open();
    },
    async pass() {
      passes += 1;
      for (const { go } of waiting.filter(({ count }) => count <= passes)) go();
      waiting = waiting.filter(({ count }) => count > passes);
      await gate;
    },
    reach: (count) => (passes >= count ? Promise.resolve() : new Promise((go) => void waiting.push({ count, go }))),
  };
}

const never = (): void => {
  throw new Error('must not fail');
};

t.test('one poke is one pass; pokes in one turn are one pass', async (t) => {
  const work = counted();
  const loop = new Loop({ pass: work.pass, failed: never });
  t.teardown(() => loop.close());
  for (let i = 0; i < 10; i += 1) loop.poke();
  await work.reach(1);
  await new Promise((go) => setTimeout(go, 20));
  t.equal(work.passes(), 1);
  loop.poke();
  await work.reach(2);
});

t.test('pokes during a pass are one more pass, never two at once', async (t) => {
  const work = counted();
  const loop = new Loop({ pass: work.pass, failed: never });
  t.teardown(() => loop.close());
  work.shut();
  loop.poke();
  await work.reach(1);
  for (let i = 0; i < 10; i += 1) loop.poke();
  await new Promise((go) => setTimeout(go, 20));
  t.equal(work.passes(), 1, 'the first one still runs');
  work.open();
  await work.reach(2);
  await new Promise((go) => setTimeout(go, 20));
  t.equal(work.passes(), 2);
});

t.test('a failure is told and tried again, without another poke', async (t) => {
  const failures: number[] = [];
  let tries = 0;
  const done = new Promise<void>((resolve) => {
    const loop = new Loop({
      async pass() {
        tries += 1;
        if (tries < 3) throw new Error('no');
        resolve();
      },
      failed: (error, count) => {
        t.match(error, { message: 'no' });
        failures.push(count);
      },
    });
    t.teardown(() => loop.close());
    loop.poke();
  });
  await done;
  t.same(failures, [1, 2]);
});

t.test('pokes after a failure do not shorten the pause', async (t) => {
  let failed = 0;
  const loop = new Loop({
    pass: async () => {
      loop.poke();
      throw new Error('no');
    },
    failed: () => {
      failed += 1;
    },
  });
  t.teardown(() => loop.close());
  loop.poke();
  await new Promise((go) => setTimeout(go, 100));
  t.equal(failed, 1, 'the second try comes after 160 ms at least');
});

t.test('after a pass a poke waits for the rest', async (t) => {
  const work = counted();
  const loop = new Loop({ pass: work.pass, failed: never, restMs: 200 });
  t.teardown(() => loop.close());
  loop.poke();
  await work.reach(1);
  const began = performance.now();
  loop.poke();
  await work.reach(2);
  t.ok(performance.now() - began >= 190);
});

t.test('a few pokes in a row are served at once, and then they wait', async (t) => {
  const work = counted();
  const loop = new Loop({ pass: work.pass, failed: never, restMs: 60_000, burst: 4 });
  t.teardown(() => loop.close());
  for (let passes = 1; passes <= 4; passes += 1) {
    loop.poke();
    await work.reach(passes);
  }
  loop.poke();
  await new Promise((go) => setTimeout(go, 30));
  t.equal(work.passes(), 4);
});

t.test('of a storm, no more passes than the burst and one each rest', async (t) => {
  const work = counted();
  const restMs = 40;
  const loop = new Loop({ pass: work.pass, failed: never, restMs, burst: 4 });
  t.teardown(() => loop.close());
  const began = performance.now();
  const storm = setInterval(() => loop.poke(), 1);
  t.teardown(() => clearInterval(storm));
  await work.reach(10);
  t.ok(performance.now() - began >= 6 * restMs - 5, 'ten passes, of which six waited');
});

t.test('who has rested may have another burst', async (t) => {
  const work = counted();
  const restMs = 300;
  const loop = new Loop({ pass: work.pass, failed: never, restMs, burst: 2 });
  t.teardown(() => loop.close());
  const twice = async (): Promise<number> => {
    const began = performance.now();
    for (let turn = 0; turn < 2; turn += 1) {
      loop.poke();
      await work.reach(work.passes() + 1);
    }
    return performance.now() - began;
  };
  await twice();
  await new Promise((go) => setTimeout(go, 2 * restMs + 20));
  t.ok((await twice()) < restMs);
});

t.test('it looks again by itself', async (t) => {
  const work = counted();
  const loop = new Loop({ pass: work.pass, failed: never, everyMs: 1 });
  t.teardown(() => loop.close());
  loop.poke();
  await work.reach(3);
  t.pass();
});

t.test('a poke does not wait for the regular look', async (t) => {
  const work = counted();
  const loop = new Loop({ pass: work.pass, failed: never, everyMs: 1_000_000 });
  t.teardown(() => loop.close());
  loop.poke();
  await work.reach(1);
  await new Promise(setImmediate);
  loop.poke();
  await work.reach(2);
  t.pass();
});

t.test('close waits for the pass that runs, and none follows', async (t) => {
  const work = counted();
  const loop = new Loop({ pass: work.pass, failed: never, everyMs: 1 });
  work.shut();
  loop.poke();
  await work.reach(1);
  let closed = false;
  const closing = loop.close().then(() => {
    closed = true;
  });
  await new Promise(setImmediate);
  t.equal(closed, false);
  work.open();
  await closing;
  loop.poke();
  await new Promise((go) => setTimeout(go, 20));
  t.equal(work.passes(), 1);
});
