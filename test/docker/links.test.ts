// What somebody damages at a container's link on the host comes back; links that a program of ours forgot are not guessed about.
import t from 'tap';
import { isRoot, until } from '../netns/support/namespaces.ts';
import { startDaemon } from './support/daemon.ts';
import { makeMachine, startEngine, succeeds } from './support/machine.ts';

t.setTimeout(120_000);

if (!isRoot) t.plan(0, 'needs root');
else
  t.test('the links of containers', async (t) => {
    const machine = await makeMachine(t);
    await startEngine(machine);
    await startDaemon(t, machine, 'metadata');
    const manager = await startDaemon(t, machine, 'network-manager');
    const managed = '--net=none --label io.rancher.container.network=true';
    const id = machine.sh(`docker run -d ${managed} --name web busybox sleep 3600`).trim();
    const link = `vethr${id.slice(0, 10)}`;
    await until(5_000, 'it is attached', () => JSON.stringify(manager.ask('/v1/attachments')).includes('"web"'));
    const shown = (): string =>
      machine.sh(
        `ip neigh show dev corral0 nud permanent; bridge fdb show dev ${link} | grep static; bridge -d link show dev ${link} | tr ' ' '\\n' | grep -A1 -E '^(locked|learning|hairpin)$'`,
      );
    const before = shown();
    t.match(before, /lladdr.*PERMANENT/);

    const address = before.split(' ')[0];
    for (const damage of [
      `ip neigh del ${address} dev corral0`,
      `ip neigh replace ${address} lladdr 02:00:00:00:00:99 dev corral0 nud reachable`,
      `bridge fdb flush dev ${link} static master 2>/dev/null || bridge fdb del $(bridge fdb show dev ${link} | grep static | cut -d' ' -f1) dev ${link} master`,
      `bridge link set dev ${link} locked off learning on`,
    ]) {
      await t.test(damage.slice(0, 40), async (t) => {
        machine.sh(damage);
        await until(20_000, 'it is as before', () => succeeds(shown) && shown() === before);
        machine.sh(`ping -c1 -w3 ${address}`);
        t.ok(true);
      });
    }

    await t.test('nothing to do means nothing done', async (t) => {
      const count = (): string =>
        machine.sh(
          'curl -s --unix-socket /run/corral/network-manager.sock http://x/metrics | grep ^corral_links_healed || true',
        );
      const healed = count();
      t.match(healed, 'what="neighbour"');
      // The kernel itself tells of a new port for some seconds; who wrote with each look would never be silent.
      await until(80_000, 'eleven seconds without a change', async () => {
        const monitor = machine.start('sh', ['-c', 'exec timeout 11 ip monitor link address route >/run/monitor']);
        await until(20_000, 'eleven seconds are over', () => monitor.exitCode !== null);
        return machine.sh('cat /run/monitor').trim() === '';
      });
      t.equal(count(), healed);
    });
    t.notMatch(manager.log(), '"level":"error"', 'nothing unexpected was logged');
  });
