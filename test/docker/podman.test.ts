// Podman's socket as an engine, beside Docker's: what its answers and events have different must not matter.
import t from 'tap';
import { isRoot, until } from '../netns/support/namespaces.ts';
import { startDaemon, type TestDaemon } from './support/daemon.ts';
import { type Machine, makeMachine, startEngine, writeIn } from './support/machine.ts';
import { podmanSocket, startPodman } from './support/podman.ts';

interface Attached {
  readonly name: string;
  readonly address: string;
  readonly netns: string;
}

t.setTimeout(170_000);

const managed = ['--label', 'io.rancher.container.network=true'];

if (!isRoot) t.plan(0, 'needs root');
else
  t.test('containers of podman, beside Docker’s', async (t) => {
    const machine = await makeMachine(t);
    await startEngine(machine);
    const podman = await startPodman(machine);
    const engines = `[{ kind: docker, socket: /run/docker.sock }, { kind: podman, socket: ${podmanSocket} }]`;
    machine.sh('mkdir -p /etc/corral');
    writeIn(machine, '/etc/corral/corral.yaml', `engines: ${engines}\n`);
    await startDaemon(t, machine, 'metadata');
    const manager = await startDaemon(t, machine, 'network-manager');
    await until(5_000, 'both engines are followed', () => state(manager) === 'ready');

    await t.test('a container of each is attached, and they reach each other', async (t) => {
      run(machine, 'pod', [...managed, '--hostname', 'pod', '--cap-add=NET_RAW']);
      machine.run('docker', ['run', '-d', '--net=none', '--name', 'dock', ...managed, 'busybox', 'sleep', '3600']);
      const pod = await attached(manager, 'pod', pidOf(machine, 'pod'));
      t.match(inside(machine, 'pod', 'ip -4 address show eth0'), `inet ${pod.address} `);
      t.match(inside(machine, 'pod', 'cat /etc/hosts'), `${pod.address.split('/')[0]}\tpod\t# corral\n`);
      const dock = await until(5_000, 'dock', () => list(manager).find(({ name }) => name === 'dock'));
      machine.sh(`docker exec dock ping -c1 -w3 ${pod.address.split('/')[0]}`);
      t.match(inside(machine, 'pod', `ping -c1 -w3 ${dock.address.split('/')[0]}`), '1 packets received');
      machine.sh('docker rm -f dock');
      await until(5_000, 'one is left', () => list(manager).length === 1);
    });

    await t.test('its end is seen: stop, start, restart, rename, removal', async (t) => {
      machine.sh('podman stop -t 0 pod');
      await until(5_000, 'it is detached', () => list(manager).length === 0);
      machine.sh('podman start pod');
      await attached(manager, 'pod', pidOf(machine, 'pod'));
      machine.sh('podman restart -t 0 pod');
      await attached(manager, 'pod', pidOf(machine, 'pod'));
      t.equal(list(manager).length, 1);
      machine.sh('podman rename pod renamed');
      await until(5_000, 'its new name is known', () => list(manager)[0]?.name === 'renamed');
      machine.sh('podman rename renamed pod');
      run(machine, 'brief', managed);
      await attached(manager, 'brief', pidOf(machine, 'brief'));
      machine.sh('podman rm -f -t 0 brief');
      await until(5_000, 'it is gone', () => list(manager).length === 1 && veths(machine) === 1);
    });

    await t.test('who shares its namespace is known, also after a restart of the daemon', async (t) => {
      run(machine, 'side', ['--label', 'io.rancher.stack_service.name=shop/web/side'], 'container:pod');
      await until(5_000, 'it is known', () => names(machine).includes('side'));
      await manager.kill();
      await manager.start();
      await until(5_000, 'metadata has a full report', () => complete(machine));
      t.same(names(machine).sort(), ['pod', 'side']);
      machine.sh('podman rm -f -t 0 side');
      await until(5_000, 'it is forgotten', () => !names(machine).includes('side'));
    });

    await t.test('the service goes and comes back, containers changed meanwhile', async (t) => {
      const before = list(manager);
      await podman.stop();
      await until(5_000, 'the loss is told', () => state(manager) === 'degraded');
      run(machine, 'meanwhile', managed);
      run(machine, 'short', managed);
      machine.sh('podman rm -f -t 0 short');
      await podman.start();
      await attached(manager, 'meanwhile', pidOf(machine, 'meanwhile'));
      t.same(
        list(manager).filter(({ name }) => name === 'pod'),
        before,
        'the other was not touched',
      );
      machine.sh('podman rm -f -t 0 -a');
      await until(10_000, 'nothing is left', () => list(manager).length === 0 && veths(machine) === 0);
    });

    t.notMatch(manager.log(), '"level":"error"', 'nothing unexpected was logged');
  });

function run(machine: Machine, name: string, options: readonly string[], net = 'none'): void {
  machine.run('podman', ['run', '-d', `--network=${net}`, '--name', name, ...options, 'busybox', 'sleep', '3600']);
}

function inside(machine: Machine, container: string, line: string): string {
  return machine.run('podman', ['exec', container, 'sh', '-c', line], { timeoutMs: 15_000 });
}

function pidOf(machine: Machine, name: string): string {
  return machine.sh(`podman inspect -f {{.State.Pid}} ${name}`).trim();
}

function attached(manager: TestDaemon, name: string, pid: string): Promise<Attached> {
  return until(5_000, `${name} is attached`, () =>
    list(manager).find((one) => one.name === name && one.netns === `/proc/${pid}/ns/net`),
  );
}

function list(manager: TestDaemon): Attached[] {
  return manager.ask<{ attachments: Attached[] }>('/v1/attachments').attachments;
}

function state(manager: TestDaemon): string {
  return manager.ask<{ state: string }>('/readyz').state;
}

function veths(machine: Machine): number {
  return Number(machine.sh('ip -o link show type veth | grep -c vethr || true').trim());
}

/** Names of the containers that metadata knows. */
function names(machine: Machine): string[] {
  const asks = ['-s', '-H', 'Accept: application/json', '--unix-socket', '/run/corral/metadata.sock'];
  const known: unknown = JSON.parse(machine.run('curl', [...asks, 'http://x/v1/tree/latest/containers']));
  return Array.isArray(known) ? known.map(({ name }) => name) : [];
}

/** What metadata tells is not only remembered. */
function complete(machine: Machine): boolean {
  const watch = 'curl -sN --max-time 1 --unix-socket /run/corral/metadata.sock http://x/v1/watch?kinds=host || true';
  return machine.sh(watch).includes('"complete":true');
}
