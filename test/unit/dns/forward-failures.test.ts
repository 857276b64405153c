// What becomes of a question that no upstream can answer.
import { mock } from 'node:test';
import t from 'tap';
import { toUpstreams } from '../../../daemons/dns/upstreams.ts';
import { ask, bench, type Manner, own } from './support/forward-bench.ts';

t.beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
t.afterEach(() => mock.timers.reset());

t.test('a failure is given out for five seconds, then the upstreams are asked again', async (t) => {
  for (const [manner, first, again] of [
    ['servfail', /^forward SERVFAIL /, /^cache SERVFAIL .* @0$/],
    ['refused', /^failed/, /^failed @0$/],
  ] as const) {
    const manners: Record<string, Manner> = { '192.0.2.1': manner };
    const one = bench(manners);
    t.match(await one.run(), first);
    const asked = one.log.length;
    one.pass(4_900);
    t.match(await one.run(), again);
    t.equal(one.log.length, asked, manner);
    t.match(await one.run(ask('other.up.test')), first, 'for that question alone');
    manners['192.0.2.1'] = 'good';
    one.pass(100);
    t.match(await one.run(), /^forward NOERROR/);
    manners['192.0.2.1'] = manner;
    t.match(await one.run(), /^cache NOERROR/, 'an answer is worth more');
  }
});

t.test('where nobody can be asked nothing is kept', async (t) => {
  const one = bench({});
  t.equal(await one.run(), 'failed @0');
  one.health.use(toUpstreams(['192.0.2.1'], own));
  t.equal(one.forwarder.cached(ask(), []), undefined);
});
