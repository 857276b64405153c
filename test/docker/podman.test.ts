// Podman's socket as an engine, beside Docker's: what its answers and events have different must not matter.
import t from 'tap';
import { isRoot, until } from '../netns/support/namespaces.ts';
import { countVeths, engineClient, knownContainers, listAttached, managed, readiness } from './support/containers.ts';
import { startDaemon } from './support/daemon.ts';
import { type Machine, makeMachine, startEngine, writeIn } from './support/machine.ts';
import { podmanSocket, startPodman } from './support/podman.ts';

t.setTimeout(170_000);

if (!isRoot) t.plan(0, 'needs root');
else
  t.test('containers of podman, beside Docker’s', async (t) => {
    const machine = await makeMachine(t);
    await startEngine(machine);
    const service = await startPodman(machine);
    const [docker, podman] = [engineClient(machine, 'docker'), engineClient(machine, 'podman')];
    const engines = `[{ kind: docker, socket: /run/docker.sock }, { kind: podman, socket: ${podmanSocket} }]`;
    machine.sh('mkdir -p /etc/corral');
    writeIn(machine, '/etc/corral/corral.yaml', `engines: ${engines}\n`);
    await startDaemon(t, machine, 'metadata');
    const manager = await startDaemon(t, machine, 'network-manager');
    await until(5_000, 'both engines are followed', () => readiness(manager) === 'ready');

    await t.test('a container of each is attached, and they reach each other', async (t) => {
      podman.run('pod', [...managed, '--hostname', 'pod', '--cap-add=NET_RAW']);
      docker.run('dock', managed);
      const pod = await podman.attached(manager, 'pod');
      t.match(podman.inside('pod', 'ip -4 address show eth0'), `inet ${pod.address} `);
      t.match(podman.inside('pod', 'cat /etc/hosts'), `${pod.address.split('/')[0]}\tpod\t# corral\n`);
      const dock = await until(5_000, 'dock', () => listAttached(manager).find(({ name }) => name === 'dock'));
      machine.sh(`docker exec dock ping -c1 -w3 ${pod.address.split('/')[0]}`);
      t.match(podman.inside('pod', `ping -c1 -w3 ${dock.address.split('/')[0]}`), '1 packets received');
      machine.sh('docker rm -f dock');
      await until(5_000, 'one is left', () => listAttached(manager).length === 1);
    });

    await t.test('its end is seen: stop, start, restart, rename, removal', async (t) => {
      machine.sh('podman stop -t 0 pod');
      await until(5_000, 'it is detached', () => listAttached(manager).length === 0);
      machine.sh('podman start pod');
      await podman.attached(manager, 'pod');
      machine.sh('podman restart -t 0 pod');
      await podman.attached(manager, 'pod');
      t.equal(listAttached(manager).length, 1);
      machine.sh('podman rename pod renamed');
      await until(5_000, 'its new name is known', () => listAttached(manager)[0]?.name === 'renamed');
      machine.sh('podman rename renamed pod');
      podman.run('brief', managed);
      await podman.attached(manager, 'brief');
      machine.sh('podman rm -f -t 0 brief');
      await until(5_000, 'it is gone', () => listAttached(manager).length === 1 && countVeths(machine) === 1);
    });

    await t.test('who shares its namespace is known, also after a restart of the daemon', async (t) => {
      podman.run('side', ['--label', 'io.rancher.stack_service.name=shop/web/side'], 'container:pod');
      await until(5_000, 'it is known', () => names(machine).includes('side'));
      await manager.kill();
      await manager.start();
      await until(5_000, 'metadata has a full report', () => complete(machine));
      t.same(names(machine).sort(), ['pod', 'side']);
      machine.sh('podman rm -f -t 0 side');
      await until(5_000, 'it is forgotten', () => !names(machine).includes('side'));
    });

    await t.test('the service goes and comes back, containers changed meanwhile', async (t) => {
      const before = listAttached(manager);
      await service.stop();
      await until(5_000, 'the loss is told', () => readiness(manager) === 'degraded');
      podman.run('meanwhile', managed);
      podman.run('short', managed);
      machine.sh('podman rm -f -t 0 short');
      await service.start();
      await podman.attached(manager, 'meanwhile');
      t.same(
        listAttached(manager).filter(({ name }) => name === 'pod'),
        before,
        'the other was not touched',
      );
      machine.sh('podman rm -f -t 0 -a');
      await until(10_000, 'nothing is left', () => listAttached(manager).length === 0 && countVeths(machine) === 0);
    });

    t.notMatch(manager.log(), '"level":"error"', 'nothing unexpected was logged');
  });

/** Names of the containers that metadata knows. */
function names(machine: Machine): unknown[] {
  return knownContainers(machine).map(({ name }) => name);
}

/** What metadata tells is not only remembered. */
function complete(machine: Machine): boolean {
  const watch = 'curl -sN --max-time 1 --unix-socket /run/corral/metadata.sock http://x/v1/watch?kinds=host || true';
  return machine.sh(watch).includes('"complete":true');
}
