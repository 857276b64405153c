// Three hosts on one etcd, joined by VXLAN: everybody reaches everybody, all hosts know the same, and the kernel of each holds
// exactly what follows from that.
import t from 'tap';
import type { NetworkObject } from '../../daemons/shared/model/objects.ts';
import { isRoot, until } from '../netns/support/namespaces.ts';
import { kernelOf, wantedKernel } from './support/kernel-state.ts';
import { corralCommand, makeTestLab, type TestLab } from './support/lab.ts';

t.setTimeout(240_000);

if (!isRoot) t.plan(0, 'needs root');
else
  t.test('three hosts', async (t) => {
    const lab = await makeTestLab(t, { hosts: 3, containers: 2 });
    const names = lab.hosts.map(({ name }) => name);

    await t.test('every container reaches every other, the hosts, and the outside; names resolve', async (t) => {
      const { tried } = await lab.report();
      t.equal(tried.containers.length, 6);
      t.ok(tried.pings.flat().every((ms) => ms !== null));
      t.ok(tried.names.flat().every(Boolean));
      t.ok(tried.outside.every((ms) => ms !== null));
      for (const { host, name } of tried.containers) {
        for (const other of lab.hosts) {
          t.ok(lab.succeeds(`${host}/${name}`, 'ping', '-n', '-c1', '-W5', other.address), `${name} to ${other.name}`);
          t.ok(
            lab.succeeds(other.name, 'ping', '-n', '-c1', '-W5', lab.addressOf(host, name)),
            `${other.name} to ${name}`,
          );
        }
        const seen = lab.run(`${host}/${name}`, 'curl', '-s', '--max-time', '10', 'http://198.51.100.1/');
        t.equal(seen.trim(), `outside: you come from ${lab.hosts.find((one) => one.name === host)!.address}`);
      }
    });

    await t.test('names and metadata agree on all hosts', async (t) => {
      const [first, ...others] = await Promise.all(names.map((host) => sights(lab, host)));
      t.equal((first!.containers as unknown[]).length, 6);
      t.equal((first!.hosts as unknown[]).length, 3);
      for (const other of others) t.same(other, first);
      const addresses = lab.hosts
        .flatMap((host) => host.containers.map((name) => lab.addressOf(host.name, name)))
        .sort();
      for (const host of names) {
        for (const question of ['web.lab.rancher.internal', 'web.lab']) {
          const answer = lab.run(`${host}/a${host.slice(1)}`, 'dig', '+short', '+search', '+time=5', question);
          t.same(answer.trim().split('\n').sort(), addresses, `${question} on ${host}`);
        }
      }
    });

    await t.test('the kernel of each host holds exactly the way to the others', async (t) => {
      const { hosts } = JSON.parse(lab.run('h1', corralCommand, 'host', 'ls', '--json'));
      for (const host of names) t.same(kernelOf(lab, host), wantedKernel(hosts, host), host);
    });

    await t.test('each host knows its peers', async (t) => {
      for (const host of names) {
        const peers = await until(60_000, `${host} has probed its peers`, () => {
          const { peers } = JSON.parse(lab.run(host, corralCommand, 'status', '--json'));
          return peers?.length === 2 && peers.every(({ state }: { state: string }) => state === 'up')
            ? peers
            : undefined;
        });
        t.same(
          peers.map((peer: { host: string }) => peer.host),
          names.filter((name) => name !== host),
        );
      }
    });

    await t.test('a container attached on one host is known to the others within 5 s', async (t) => {
      const { address } = await lab.addContainer('h2', 'late', {
        labels: { 'io.rancher.stack_service.name': 'shop/late' },
      });
      const attached = performance.now();
      for (const host of ['h1', 'h3']) {
        await until(30_000, `${host} knows it`, async () => {
          return (await lab.metadata(host, 'containers/late/primary_ip')) === address;
        });
        await until(30_000, `${host} resolves it`, () => {
          return (
            lab.run(`${host}/a${host.slice(1)}`, 'dig', '+short', '+time=2', 'late.shop.rancher.internal').trim() ===
            address
          );
        });
        t.ok(lab.succeeds(`${host}/a${host.slice(1)}`, 'ping', '-c1', '-W5', address!), `${host} reaches it`);
      }
      t.comment(`known everywhere after ${Math.round(performance.now() - attached)} ms`);
      await lab.dropContainer('h2', 'late');
      for (const host of names) {
        await until(30_000, `${host} has forgotten it`, async () => {
          return (await lab.metadata(host, 'containers/late/primary_ip')) === undefined;
        });
      }
    });

    await t.test('a network that is created is one on all hosts, and goes when it is removed', async (t) => {
      lab.run('h1', corralCommand, 'network', 'create', 'second', '--subnet', '10.77.0.0/16');
      const list = (host: string): NetworkObject[] =>
        JSON.parse(lab.run(host, corralCommand, 'network', 'ls', '--json')).networks;
      await lab.networkReady('second');
      for (const host of names) {
        await until(30_000, `${host} has the network`, () => lab.succeeds(host, 'ip', 'link', 'show', 'corral-second'));
        t.same(
          list(host).map(({ name }) => name),
          ['corral', 'second'],
        );
      }
      const [one, two] = [
        await lab.addContainer('h1', 'x1', { network: 'second' }),
        await lab.addContainer('h3', 'x3', { network: 'second' }),
      ];
      await until(30_000, 'they reach each other', () => lab.succeeds('h1/x1', 'ping', '-c1', '-W2', two.address!));
      t.match(one.address, /^10\.77\./);
      await until(30_000, 'a container of the other network on a host without one of this reaches it', () => {
        return lab.succeeds('h2/a2', 'ping', '-c1', '-W2', two.address!);
      });
      await until(30_000, 'h2 knows of them', async () => lab.metadata('h2', 'containers/x1/primary_ip'));
      t.notOk(lab.succeeds('h2', corralCommand, 'network', 'rm', 'second'), 'one with containers stays');
      await lab.dropContainer('h1', 'x1');
      await lab.dropContainer('h3', 'x3');
      await until(30_000, 'it can be removed', () => lab.succeeds('h2', corralCommand, 'network', 'rm', 'second'));
      for (const host of names) {
        await until(
          30_000,
          `${host} has no trace of it`,
          () => !/second|10\.77\./.test(lab.run(host, 'sh', '-c', 'ip link; ip route')),
        );
      }
    });

    await t.test('nothing to do means nothing is wanted otherwise', async () => {
      // Rules follow a removed network half a second later, on purpose: of a storm of changes they serve two a second.
      for (const host of names) {
        const isQuiet = (): boolean => lab.run(host, corralCommand, 'diff') === 'Everything is as wanted.\n';
        await until(10_000, `${host} wants nothing more`, isQuiet);
      }
    });

    await t.test('F22: after clean-up a host is as it was before', async (t) => {
      await lab.fault('kill', 'h3');
      t.match(lab.run('h3', corralCommand, 'cleanup', '--yes'), /Removed:[\s\S]*vtep1042/);
      const devices = lab.run('h3', 'ip', '-br', 'link').match(/^[^@ ]+/gm);
      t.same(devices?.sort(), ['eth0', 'lo']);
      t.same(
        lab
          .run('h3', 'ip', 'route')
          .trim()
          .split('\n')
          .map((line) => line.trim()),
        ['default via 192.168.50.1 dev eth0', '192.168.50.0/24 dev eth0 proto kernel scope link src 192.168.50.13'],
      );
      t.notMatch(lab.run('h3', 'ip', 'address', 'show', 'lo'), '169.254.169.250');
      for (const program of ['iptables-save', 'ip6tables-save'])
        t.notMatch(lab.run('h3', program), /CATTLE|corral/, program);
      t.match(lab.run('h3', corralCommand, 'cleanup', '--yes'), 'Nothing of Corral is on this host');
    });
  });

/** What is to be the same on all hosts. */
async function sights(lab: TestLab, host: string): Promise<Record<string, unknown>> {
  const [containers, hosts, services, stacks] = await Promise.all(
    ['containers', 'hosts', 'services', 'stacks'].map((path) => lab.metadata<unknown[]>(host, path)),
  );
  return { containers, hosts, services, stacks };
}
