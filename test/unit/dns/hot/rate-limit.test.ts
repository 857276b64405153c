import t from 'tap';
import { RateLimiter } from '../../../../daemons/dns/hot/rate-limit.ts';

const limits = { perSecond: 10, burst: 20, buckets: 64, slip: 2 };

t.test('a burst passes, then the rate; of the rest every second is told to come by TCP', async (t) => {
  const limiter = new RateLimiter(1, limits);
  const verdicts = Array.from({ length: 30 }, () => limiter.take(5, 0));
  t.same(verdicts.slice(0, 20), Array(20).fill('pass'));
  t.same(verdicts.slice(20, 24), ['drop', 'slip', 'drop', 'slip']);
  const later = Array.from({ length: 15 }, () => limiter.take(5, 1_000));
  t.equal(later.filter((verdict) => verdict === 'pass').length, 10);
});

t.test('a flood of forged addresses does not fill anybody up again', async (t) => {
  const limiter = new RateLimiter(1, limits);
  for (let at = 0; at < 20; at += 1) limiter.take(5, 0);
  for (let source = 1_000; source < 20_000; source += 1) limiter.take(source, 0);
  t.not(limiter.take(5, 0), 'pass');
});

t.test('who shares a bucket with whom depends on a secret', async (t) => {
  const sharers = (seed: number): string => {
    const limiter = new RateLimiter(seed, { ...limits, burst: 1 });
    limiter.take(5, 0);
    return Array.from({ length: 500 }, (_, source) => (limiter.take(source, 0) === 'pass' ? '1' : '0')).join('');
  };
  t.not(sharers(1), sharers(2));
});
