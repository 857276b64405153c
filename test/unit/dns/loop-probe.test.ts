import t from 'tap';
import type { Exchange } from '../../../daemons/dns/exchange.ts';
import { LoopProbe } from '../../../daemons/dns/loop-probe.ts';
import { toUpstreams, UpstreamHealth } from '../../../daemons/dns/upstreams.ts';

const own = '169.254.169.250';

/** Upstreams that pass questions on to us, do not, or do not answer. */
function bench(manners: Record<string, 'mirror' | 'good' | 'dead'>) {
  const health = new UpstreamHealth();
  health.use(toUpstreams(Object.keys(manners), own));
  const names: string[] = [];
  const exchange: Exchange = (upstream, query) => {
    names.push(query.name);
    const manner = manners[upstream.host];
    if (manner === 'mirror') probe.sees(query.name);
    return manner === 'good' || manner === 'mirror'
      ? Promise.resolve({} as Awaited<ReturnType<Exchange>>)
      : Promise.reject(new Error('ECONNREFUSED'));
  };
  const probe = new LoopProbe({ health, exchange, now: () => 0 });
  const looping = (): string[] =>
    health
      .known()
      .filter((one) => health.isLooping(one))
      .map(({ host }) => host);
  return { probe, health, names, looping, manners };
}

t.test('exactly the upstreams that lead back are found, and forgiven when they no longer do', async (t) => {
  const one = bench({ '192.0.2.1': 'good', '192.0.2.2': 'mirror', '192.0.2.3': 'dead' });
  await one.probe.run();
  t.same(one.looping(), ['192.0.2.2']);
  t.equal(new Set(one.names).size, 3, 'each its own name');
  t.ok(
    one.names.every((name) => /^[0-9a-f]{16}\.corral-loop-probe$/.test(name)),
    'that nobody can guess',
  );
  one.manners['192.0.2.2'] = 'dead';
  one.manners['192.0.2.1'] = 'mirror';
  await one.probe.run();
  t.same(one.looping(), ['192.0.2.1']);
});

t.test('only names under way are ours', async (t) => {
  const one = bench({ '192.0.2.1': 'mirror' });
  t.equal(one.probe.sees('0123456789abcdef.corral-loop-probe'), false);
  await one.probe.run();
  t.equal(one.probe.sees(one.names[0]!), false, 'it is over');
});

t.test('what a client brought along is probed as well', async (t) => {
  const one = bench({ '192.0.2.1': 'good' });
  const [brought] = toUpstreams(['192.0.2.9'], own);
  one.manners['192.0.2.9'] = 'mirror';
  one.health.failed(brought!, 0);
  await one.probe.run();
  t.same(one.looping(), ['192.0.2.9']);
  t.same(one.health.inOrder([brought!], 0), []);
});

t.test('upstreams of clients are forgotten beyond a number', async (t) => {
  const health = new UpstreamHealth();
  for (let at = 0; at < 1_000; at += 1) health.failed(toUpstreams([`10.0.${at >> 8}.${at & 255}`], own)[0]!, 0);
  t.equal(health.known().length, 256);
});
