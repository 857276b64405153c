// Which upstreams are used, when they are probed, and what is said of them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { mock } from 'node:test';
import t from 'tap';
import { watchResolvConf } from '../../../daemons/dns/resolv-conf.ts';
import { UpstreamKeeper, type WantedDomains, type WantedUpstreams } from '../../../daemons/dns/upstream-keeper.ts';
import { UpstreamSets } from '../../../daemons/dns/upstream-sets.ts';
import { nameOfUpstream, toUpstreams, type Upstream, UpstreamHealth } from '../../../daemons/dns/upstreams.ts';
import { Health } from '../../../daemons/shared/daemon/health.ts';

const own = '169.254.169.250';
const folder = mkdtempSync('/tmp/coupk-');
const resolvConf = `${folder}/resolv.conf`;
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
t.beforeEach(() => mock.timers.enable({ apis: ['setInterval'] }));
t.afterEach(() => mock.timers.reset());

function bench(wanted: WantedUpstreams, domains: WantedDomains = {}) {
  let clock = 0;
  let probes = 0;
  const state = new UpstreamHealth();
  const sets = new UpstreamSets();
  const health = new Health();
  const changes: string[] = [];
  const keeper = new UpstreamKeeper({
    wanted,
    domains,
    resolvConf,
    ownAddress: own,
    state,
    sets,
    health,
    probe: {
      run: async () => {
        probes += 1;
      },
    },
    now: () => clock,
    onChange: (list) => void changes.push(list.map(nameOfUpstream).join(' ')),
  });
  const pass = (ms: number): void => {
    clock += ms;
    mock.timers.tick(ms);
  };
  const fail = (upstream: Upstream, times = 2): void => {
    for (let at = 0; at < times; at += 1) state.failed(upstream, clock);
  };
  const said = () => health.report().conditions[0];
  return { keeper, state, sets, changes, said, pass, fail, probes: () => probes };
}

/** Lets promises that are settled run on. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

t.test('nothing before the start, the list of the host after it, and each change once', async (t) => {
  writeFileSync(resolvConf, 'nameserver 192.0.2.1\nnameserver 127.0.0.53\n');
  const one = bench('auto');
  t.teardown(() => one.keeper.close());
  t.equal(one.said(), undefined);
  one.keeper.start();
  one.keeper.start();
  t.same(one.changes, ['192.0.2.1:53 127.0.0.53:53'], 'a loopback resolver is one');
  await turns();
  t.equal(one.probes(), 1);
  writeFileSync(resolvConf, 'search x\nnameserver 192.0.2.1\nnameserver 127.0.0.53\n');
  one.pass(2_000);
  t.equal(one.changes.length, 1, 'the same list');
  writeFileSync(resolvConf, `nameserver 192.0.2.9\nnameserver ${own}\n`);
  one.pass(2_000);
  t.equal(one.changes[1], '192.0.2.9:53', 'without ourselves');
  rmSync(resolvConf);
  one.pass(2_000);
  t.match(one.said(), { ok: false, degradesOnly: true, code: 'CONFIG_INVALID', text: /no upstream/ });
  one.keeper.use(['192.0.2.3:5300', 'nonsense'], {});
  t.match(one.said(), { ok: true, text: '1 upstreams' });
});

t.test('domains and the answers file: who is asked for what', async (t) => {
  const one = bench(['192.0.2.1'], { 'corp.example': ['192.0.2.10'], 'eu.corp.example': ['192.0.2.11', own] });
  t.teardown(() => one.keeper.close());
  one.keeper.start();
  const asked = (name: string, client: readonly string[] = []): string =>
    one.sets
      .of(name, toUpstreams(client, own))
      .list.map(({ host }) => host)
      .join(' ');
  t.equal(one.changes[0], '192.0.2.1:53 192.0.2.10:53 192.0.2.11:53');
  t.equal(asked('www.example'), '192.0.2.1');
  t.equal(asked('corp.example'), '192.0.2.10');
  t.equal(asked('a.b.corp.example'), '192.0.2.10');
  t.equal(asked('xcorp.example'), '192.0.2.1');
  t.equal(asked('www.eu.corp.example'), '192.0.2.11', 'the innermost domain');
  t.equal(asked(''), '192.0.2.1');
  t.equal(
    asked('www.example', ['192.0.2.77', '192.0.2.1']),
    '192.0.2.77 192.0.2.1',
    "the client's own first, none twice",
  );
  t.equal(asked('corp.example', ['192.0.2.77']), '192.0.2.10', 'a domain goes before the client');
  t.not(one.sets.of('a', toUpstreams(['192.0.2.77'], own)).key, one.sets.of('a', []).key, 'replies are kept apart');
  one.keeper.useFiled(['192.0.2.5']);
  t.equal(asked('www.example'), '192.0.2.5', 'in place of dns.upstreams');
  one.keeper.useFiled(['192.0.2.5']);
  t.equal(one.changes.length, 2);
  one.keeper.useFiled([]);
  t.equal(asked('www.example'), '192.0.2.1');
});

t.test('failing upstreams are told, and probed at most every five seconds', async (t) => {
  const one = bench(['192.0.2.1', '192.0.2.2']);
  t.teardown(() => one.keeper.close());
  one.keeper.start();
  await turns();
  const [first, second] = one.state.list;
  one.keeper.answered();
  t.equal(one.probes(), 1, 'all is well');
  one.pass(5_000);
  one.fail(first!);
  for (let at = 0; at < 5; at += 1) one.keeper.answered();
  await turns();
  t.equal(one.probes(), 2, 'it may lead back to us now');
  t.match(one.said(), { ok: true, text: 'asked last, since they do not answer: 192.0.2.1:53' });
  one.fail(second!);
  one.pass(4_999);
  one.keeper.answered();
  await turns();
  t.equal(one.probes(), 2);
  t.match(one.said(), { ok: false, code: 'DEADLINE', text: /no upstream answers/ });
  one.state.setLooping(first!, true);
  one.keeper.report();
  t.match(one.said(), { ok: false, code: 'CONFIG_INVALID', text: /192\.0\.2\.1:53 leads back to this service/ });
  one.pass(60_000);
  await turns();
  t.equal(one.probes(), 3, 'once a minute while something is wrong');
  one.state.setLooping(first!, false);
  for (const upstream of [first!, second!]) one.state.answered(upstream);
  one.pass(60_000);
  await turns();
  t.equal(one.probes(), 3);
  t.match(one.said(), { ok: true, text: '2 upstreams' });
});

t.test('resolv.conf: the first reading and each other text, an unreadable one keeps the last', async (t) => {
  writeFileSync(resolvConf, 'nameserver 192.0.2.1\n');
  const lists: string[] = [];
  const watch = watchResolvConf(resolvConf, own, (list) => void lists.push(list.map(nameOfUpstream).join(' ')));
  t.same(lists, ['192.0.2.1:53']);
  mock.timers.tick(10_000);
  t.equal(lists.length, 1);
  writeFileSync(resolvConf, 'x'.repeat(2 * 1024 * 1024));
  mock.timers.tick(2_000);
  t.same(lists, ['192.0.2.1:53'], 'far too large to be one');
  writeFileSync(resolvConf, 'nameserver 192.0.2.2\n');
  mock.timers.tick(2_000);
  t.same(lists, ['192.0.2.1:53', '192.0.2.2:53']);
  watch.close();
  writeFileSync(resolvConf, '');
  mock.timers.tick(2_000);
  t.equal(lists.length, 2);
});
