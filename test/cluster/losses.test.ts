// F3: what the cluster loses on purpose, under traffic: etcd stopped, frozen and emptied, a host cut off, a host that comes
// back, a host that never will.
import t, { type Test } from 'tap';
import { isRoot, type TestScope, until } from '../netns/support/namespaces.ts';
import type { ListedHost } from './support/kernel-state.ts';
import { corralCommand, makeTestLab, type TestLab } from './support/lab.ts';
import { type PingTraffic, pingTraffic } from './support/traffic.ts';

/** How long etcd is away. */
const awayMs = Number(process.env.CLUSTER_SECONDS ?? 12) * 1_000;
t.setTimeout(280_000 + 2 * awayMs);
const label = { 'io.rancher.stack_service.name': 'shop/new' };

if (!isRoot) t.plan(0, 'needs root');
else
  t.test('losses', async (t) => {
    const lab = await makeTestLab(t, { hosts: 3, containers: 1 });
    const names = lab.hosts.map(({ name }) => name);

    await t.test(
      'etcd is stopped: traffic flows, containers still attach, and all know of them after its return',
      async (t) => {
        const pings = await startPings(t, lab);
        await lab.fault('stop-store');
        const stopped = performance.now();
        const [one, two] = [
          await lab.addContainer('h1', 'new1', { labels: label }),
          await lab.addContainer('h2', 'new2', { labels: label }),
        ];
        t.equal(await primaryIp(lab, 'h1', 'new1'), one.address, 'its own host knows it at once');
        t.ok(lab.succeeds('h1/new1', 'ping', '-c1', '-W5', lab.addressOf('h3', 'a3')), 'it reaches another host');
        t.equal(resolved(lab, 'h3', 'a1'), lab.addressOf('h1', 'a1'), 'what was known is still told');
        await until(30_000, 'h1 says that the store is away', () => storeOf(lab, 'h1').connected === false);
        t.comment(`told after ${Math.round(performance.now() - stopped)} ms`);
        await until(awayMs + 30_000, 'etcd was away for long enough', () => performance.now() - stopped > awayMs);
        await lab.fault('start-store');
        const started = performance.now();
        for (const host of names) {
          await until(30_000, `${host} knows both`, async () => {
            return (
              (await primaryIp(lab, host, 'new1')) === one.address &&
              (await primaryIp(lab, host, 'new2')) === two.address
            );
          });
        }
        t.comment(`known everywhere ${Math.round(performance.now() - started)} ms after etcd’s return`);
        await noLoss(t, pings);
      },
    );

    await t.test(
      'the way to etcd swallows packets: told in time, everywhere after its end, and no storm of attempts',
      async (t) => {
        const pings = await startPings(t, lab);
        const rule = (action: '-I' | '-D', chain: string, side: string): string =>
          lab.run('switch', 'iptables', '-w', action, chain, '-p', 'tcp', side, '2379', '-j', 'DROP');
        const counted = (): number => {
          const line = lab
            .run('switch', 'iptables', '-w', '-nvxL', 'INPUT')
            .split('\n')
            .find((one) => one.includes('dpt:2379'));
          return Number(line?.trim().split(/\s+/)[0] ?? Number.NaN);
        };
        // In both directions: neither an answer nor a reset comes through.
        rule('-I', 'INPUT', '--dport');
        rule('-I', 'OUTPUT', '--sport');
        const began = performance.now();
        try {
          const made = await lab.addContainer('h2', 'hole', { labels: label });
          await until(30_000, 'all say that the store is away', () =>
            names.every((host) => !storeOf(lab, host).connected),
          );
          t.comment(`told by all after ${Math.round(performance.now() - began)} ms`);
          t.equal(resolved(lab, 'h3', 'a1'), lab.addressOf('h1', 'a1'), 'what was known is still told');
          const [packets, since] = [counted(), performance.now()];
          await until(awayMs + 30_000, 'it lasts for long enough', () => performance.now() - began > awayMs);
          const perSecond = (counted() - packets) / ((performance.now() - since) / 1_000) / names.length;
          t.ok(
            perSecond < 10,
            `${perSecond.toFixed(1)} packets a second from each host, the kernel’s repetitions included`,
          );
          rule('-D', 'INPUT', '--dport');
          rule('-D', 'OUTPUT', '--sport');
          const ended = performance.now();
          for (const host of names)
            await until(30_000, `${host} knows it`, async () => (await primaryIp(lab, host, 'hole')) === made.address);
          t.comment(`known everywhere ${Math.round(performance.now() - ended)} ms after the end`);
        } finally {
          lab.run('switch', 'iptables', '-w', '-F');
        }
        await lab.dropContainer('h2', 'hole');
        await noLoss(t, pings);
      },
    );

    await t.test('etcd is frozen: the same', async (t) => {
      const pings = await startPings(t, lab);
      await lab.fault('pause-store');
      await until(40_000, 'h2 says that the store is away', () => storeOf(lab, 'h2').connected === false);
      t.equal(resolved(lab, 'h2', 'a1'), lab.addressOf('h1', 'a1'));
      await lab.fault('resume-store');
      await until(40_000, 'all have it back', () => names.every((host) => storeOf(lab, host).connected));
      await noLoss(t, pings);
    });

    await t.test('etcd is emptied: nothing is deleted, and all of it is there again', async (t) => {
      const pings = await startPings(t, lab);
      const before = { hosts: listHosts(lab, 'h1'), routes: names.map((host) => routes(lab, host)) };
      await lab.fault('empty-store');
      const seen: number[] = [];
      await until(60_000, 'every host is back in it', async () => {
        const all = await Promise.all(names.map((host) => lab.metadata<unknown[]>(host, 'containers')));
        seen.push(...all.map((containers) => containers?.length ?? 0));
        const inStore = lab.run('switch', 'sh', '-c', 'ETCDCTL_API=3 etcdctl get --prefix --keys-only /corral/v1/');
        return /\/alive\/.*\/alive\/.*\/alive\//s.test(inStore) && (inStore.match(/\/containers\//g)?.length ?? 0) >= 5;
      });
      t.equal(Math.min(...seen), 5, 'no host ever forgot a container');
      t.same(
        names.map((host) => routes(lab, host)),
        before.routes,
      );
      t.same(listHosts(lab, 'h1').map(facts), before.hosts.map(facts), 'the same hosts with the same blocks');
      await noLoss(t, pings);
    });

    await t.test('a host is cut off while both sides change: they agree after the cable is mended', async (t) => {
      const ping = await pingTraffic(t, lab, 'h1/a1', lab.addressOf('h2', 'a2'));
      await lab.fault('cut', 'h3');
      await lab.addContainer('h3', 'inside', { labels: label });
      await lab.addContainer('h1', 'outside', { labels: label });
      await until(60_000, 'h1 no longer counts on h3', () => lifeOf(lab, 'h1', 'h3') === false);
      await until(30_000, 'its names are gone', () => resolved(lab, 'h2', 'a3') === '');
      t.equal(resolved(lab, 'h3', 'a1'), lab.addressOf('h1', 'a1'), 'the one that is cut off keeps what it knew');
      await lab.fault('heal', 'h3');
      const healed = performance.now();
      for (const host of names) {
        for (const container of ['inside', 'outside', 'a3']) {
          await until(60_000, `${host} resolves ${container}`, () => resolved(lab, host, container) !== '');
        }
      }
      t.comment(`agreed ${Math.round(performance.now() - healed)} ms after the cable was mended`);
      await lab.well();
      t.same((await ping.stop()).lost, []);
    });

    await t.test('a host that returns within the grace period has lost nothing', async (t) => {
      const pings = await startPings(t, lab);
      const before = listHosts(lab, 'h1').map(facts);
      await lab.fault('kill', 'h3');
      await until(60_000, 'h1 no longer counts on h3', () => lifeOf(lab, 'h1', 'h3') === false);
      await until(30_000, 'its names are gone', () => resolved(lab, 'h1', 'a3') === '');
      t.same(listHosts(lab, 'h1').map(facts), before, 'host, block and containers are kept');
      t.notOk(lab.succeeds('h1', corralCommand, 'host', 'rm', 'h2'), 'one that is alive cannot be removed');
      await lab.fault('resume', 'h3');
      await until(60_000, 'its names are back', () => resolved(lab, 'h1', 'a3') === lab.addressOf('h3', 'a3'));
      t.same(listHosts(lab, 'h1').map(facts), before);
      await noLoss(t, pings);
    });

    await t.test('a host that is removed for good leaves no trace', async (t) => {
      const block = listHosts(lab, 'h1').find(({ name }) => name === 'h3')!.blocks[0]!.cidr;
      t.match(routes(lab, 'h1'), block);
      await lab.fault('kill', 'h3');
      await lab.fault('cut', 'h3');
      await until(60_000, 'it can be removed', () => lab.succeeds('h1', corralCommand, 'host', 'rm', 'h3'));
      for (const host of ['h1', 'h2']) {
        await until(30_000, `${host} has no way to it`, () => !routes(lab, host).includes(block));
        await until(
          30_000,
          `${host} has no tunnel to it`,
          () => !lab.run(host, 'bridge', 'fdb').includes('192.168.50.13'),
        );
        await until(
          30_000,
          `${host} does not know it`,
          async () => (await lab.metadata<unknown[]>(host, 'hosts'))?.length === 2,
        );
        t.equal(resolved(lab, host, 'a3'), '');
        t.equal(await primaryIp(lab, host, 'a3'), undefined);
      }
      t.notMatch(
        lab.run('switch', 'sh', '-c', 'ETCDCTL_API=3 etcdctl get --prefix --keys-only /corral/v1/blocks'),
        block,
      );
    });
  });

/** Each host's first container to the next one's. */
async function startPings(t: TestScope, lab: TestLab): Promise<PingTraffic[]> {
  const numbers = lab.hosts.map((_, at) => at + 1);
  return Promise.all(
    numbers.map((from) => {
      const to = (from % numbers.length) + 1;
      return pingTraffic(t, lab, `h${from}/a${from}`, lab.addressOf(`h${to}`, `a${to}`));
    }),
  );
}

async function noLoss(t: Test, pings: readonly PingTraffic[]): Promise<void> {
  for (const ping of pings) {
    const { sent, lost } = await ping.stop();
    t.same(lost, [], `no packet of ${sent} is lost`);
  }
}

function primaryIp(lab: TestLab, host: string, container: string): Promise<string | undefined> {
  return lab.metadata(host, `containers/${container}/primary_ip`);
}

/** What the host's DNS says; empty for a name that it does not have. */
function resolved(lab: TestLab, host: string, name: string): string {
  const answer = ['dig', '+short', '+time=5', '+tries=2', '@169.254.169.250', `${name}.rancher.internal`];
  return lab.run(host, ...answer).trim();
}

function storeOf(lab: TestLab, host: string): { connected: boolean } {
  return JSON.parse(lab.run(host, 'sh', '-c', `${corralCommand} store status --json || true`));
}

interface Listed extends ListedHost {
  readonly alive: boolean;
  readonly containers: number;
}

function listHosts(lab: TestLab, host: string): Listed[] {
  return JSON.parse(lab.run(host, corralCommand, 'host', 'ls', '--json')).hosts;
}

/** What outlives a while without signs of life. */
function facts({ id, name, agentIp, blocks, containers }: Listed): object {
  return { id, name, agentIp, blocks, containers };
}

function lifeOf(lab: TestLab, host: string, of: string): boolean | undefined {
  return listHosts(lab, host).find(({ name }) => name === of)?.alive;
}

function routes(lab: TestLab, host: string): string {
  return lab.run(host, 'ip', 'route', 'show', 'proto', '143');
}
