// Two hundred containers at once through a real Docker Engine: each has an address of its own, inside and in metadata's records;
// and when all are removed at once, nothing is left of them.
import t from 'tap';
import { isRoot, until } from '../netns/support/namespaces.ts';
import { crowdOf } from './support/crowd.ts';
import { startDaemon } from './support/daemon.ts';
import { makeMachine, startEngine } from './support/machine.ts';

// A minute, most of which Docker and runc take; a machine that is busy takes twice as long.
t.setTimeout(175_000);

interface Listed {
  readonly attachments: readonly { readonly name: string; readonly address: string }[];
  readonly failures: readonly unknown[];
}

/** A bridge gets its link-local address with its first port. */
const state = 'ip -o link show | cut -d: -f2; ip -o -4 address show; ip route show';

if (!isRoot) t.plan(0, 'needs root');
else
  t.test('two hundred containers at once', async (t) => {
    const machine = await makeMachine(t);
    await startEngine(machine);
    await startDaemon(t, machine, 'metadata');
    const manager = await startDaemon(t, machine, 'network-manager');
    const crowd = crowdOf(machine, 200);
    crowd.create();
    const before = machine.sh(state);

    crowd.start();
    await until(60_000, 'all are attached', () => crowd.finished() === crowd.count);
    const { attachments, failures } = manager.ask<Listed>('/v1/attachments');
    t.same(failures, []);
    t.equal(attachments.length, crowd.count, 'none is missing');
    const addresses = new Set(attachments.map(({ address }) => address));
    t.equal(addresses.size, crowd.count, 'no address twice');

    await t.test('what the kernel has is what was answered', async (t) => {
      crowd.each(
        'echo c-$1 $(nsenter -t $(docker inspect -f {{.State.Pid}} c-$1) -n ip -o -4 address show eth0) >>/run/inside',
      );
      const inside = machine.sh('cat /run/inside').trim().split('\n');
      const found = new Map(inside.map((line) => [line.split(' ')[0], /inet (\S+)/.exec(line)?.[1]]));
      t.same(found, new Map(attachments.map(({ name, address }) => [name, address])));
    });

    await t.test('metadata knows them all', async () => {
      const answer = 'curl -s -H "Accept: application/json" http://169.254.169.250/2016-07-29/containers';
      await until(30_000, 'metadata tells of all', () => {
        const told = JSON.parse(machine.sh(answer)) as { primary_ip: string | null }[];
        const ips = new Set(told.map(({ primary_ip }) => primary_ip));
        return attachments.every(({ address }) => ips.has(address.split('/')[0] ?? ''));
      });
    });

    crowd.remove();
    await until(
      60_000,
      'nothing is left',
      () => JSON.stringify(crowd.left()) === '{"leases":0,"addresses":0,"links":0}',
    );
    t.equal(machine.sh(state), before, 'devices, addresses and routes are as they were');
    t.equal(
      machine
        .sh('ip -o neigh show dev corral0 nud permanent; bridge fdb show dev corral0 | grep -c static || true')
        .trim(),
      '0',
    );
    t.same(manager.ask<Listed>('/v1/attachments'), { attachments: [], failures: [] });
    t.notMatch(manager.log(), '"level":"error"', 'nothing unexpected was logged');
  });
