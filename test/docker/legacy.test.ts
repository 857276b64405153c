// What Rancher's own programs and containers without an interface of their own rely on, with a real Docker Engine: the state
// file of each container, records of those that share a namespace, the same address after a restart.
import t from 'tap';
import { isRoot, until } from '../netns/support/namespaces.ts';
import { engineClient, knownContainers, listAttached, managed, readiness } from './support/containers.ts';
import { startDaemon } from './support/daemon.ts';
import { type Machine, makeMachine, startEngine } from './support/machine.ts';

t.setTimeout(170_000);

if (!isRoot) t.plan(0, 'needs root');
else
  t.test('Rancher’s conventions', async (t) => {
    const machine = await makeMachine(t);
    await startEngine(machine);
    const metadata = await startDaemon(t, machine, 'metadata');
    const manager = await startDaemon(t, machine, 'network-manager');
    const docker = engineClient(machine, 'docker');

    await t.test('the state file tells the agent the address of this very run', async (t) => {
      const id = docker.run('web', managed);
      const { address } = await docker.attached(manager, 'web');
      await until(2_000, 'its file is there', () => stateFiles(machine, id).length === 1);
      t.same(stateFiles(machine, id), [startedAt(machine, 'web')]);
      t.match(state(machine, id, 'web'), { ip4: { ip: address, gateway: '10.42.0.1' }, dns: {} });
      machine.sh('docker restart -t 0 web');
      await docker.attached(manager, 'web');
      await until(2_000, 'the new run has its file', () => stateFiles(machine, id)[0] === startedAt(machine, 'web'));
      t.equal(stateFiles(machine, id).length, 1);
      t.equal((await docker.attached(manager, 'web')).address, address, 'its address is kept while it is free');
      machine.sh('docker stop -t 0 web');
      await until(5_000, 'the file is gone', () => stateFiles(machine, id).length === 0);
      machine.sh('docker start web');
      await docker.attached(manager, 'web');
    });

    await t.test('annotations win over labels', async (t) => {
      const labels = [
        '--label',
        'annotation.io.rancher.container.ip=10.42.0.77',
        '--label',
        'io.rancher.container.ip=10.42.0.78',
      ];
      docker.run('annotated', [...managed, ...labels, '--label', 'io.rancher.container.mac_address=02:00:00:00:00:4d']);
      t.equal((await docker.attached(manager, 'annotated')).address, '10.42.0.77/24');
      t.match(machine.sh('docker exec annotated cat /sys/class/net/eth0/address'), '02:00:00:00:00:4d');
      machine.sh('docker rm -f annotated');
    });

    await t.test('who shares a container’s namespace is known with it, and forgotten with it', async (t) => {
      docker.run('sidekick', ['--label', 'io.rancher.stack_service.name=shop/web/helper'], 'container:web');
      const parent = await docker.attached(manager, 'web');
      const shown = await until(5_000, 'the sidekick is known', () => container(machine, 'sidekick'));
      t.match(shown, { network_from_container_uuid: parent.id, primary_ip: null, ips: [], service_name: 'helper' });
      t.notOk(
        listAttached(manager).some(({ name }) => name === 'sidekick'),
        'it is no attachment',
      );
      await manager.kill();
      await manager.start();
      await until(3_000, 'metadata has the first report', () => readiness(metadata) === 'ready');
      t.ok(container(machine, 'sidekick'), 'the first report after a restart has it');
      machine.sh('docker stop -t 0 web');
      await until(5_000, 'without its parent it is nothing', () => !container(machine, 'sidekick'));
      machine.sh('docker start web');
      await docker.attached(manager, 'web');
      t.notOk(container(machine, 'sidekick'), 'it lives in the old namespace');
      machine.sh('docker restart -t 0 sidekick');
      await until(5_000, 'in the new one it is known again', () => container(machine, 'sidekick'));
      machine.sh('docker rm -f sidekick');
      await until(5_000, 'it is forgotten', () => !container(machine, 'sidekick'));
    });

    await t.test(
      'a service’s container in the host’s namespace has the host’s address and is not touched',
      async (t) => {
        const before = machine.sh('ip -o link; ip -o -4 address');
        docker.run('agent', ['--label', 'io.rancher.stack_service.name=infra/agent'], 'host');
        docker.run('stranger', [], 'host');
        const shown = await until(5_000, 'it is known', () => container(machine, 'agent'));
        t.match(shown, { primary_ip: '198.51.100.10', network_uuid: null, service_name: 'agent', ports: [] });
        t.notOk(container(machine, 'stranger'));
        machine.sh('docker rm -f agent stranger');
        await until(5_000, 'it is forgotten', () => !container(machine, 'agent'));
        t.equal(machine.sh('ip -o link; ip -o -4 address'), before);
      },
    );

    await t.test('files of containers that ended while nobody looked go', async (t) => {
      const id = docker.run('brief', managed);
      await docker.attached(manager, 'brief');
      await until(2_000, 'its file is there', () => stateFiles(machine, id).length === 1);
      await manager.kill();
      machine.sh('docker rm -f brief');
      t.equal(stateFiles(machine, id).length, 1);
      await manager.start();
      await until(5_000, 'its file is gone', () => stateFiles(machine, id).length === 0);
    });

    t.notMatch(manager.log(), '"level":"error"', 'nothing unexpected was logged');
  });

function startedAt(machine: Machine, name: string): string {
  return machine.sh(`docker inspect -f {{.State.StartedAt}} ${name}`).trim();
}

const stateDir = '/var/lib/rancher/state/cni';

function stateFiles(machine: Machine, id: string): string[] {
  return machine.sh(`ls ${stateDir}/${id} 2>/dev/null || true`).split('\n').filter(Boolean);
}

function state(machine: Machine, id: string, name: string): unknown {
  return JSON.parse(machine.sh(`cat ${stateDir}/${id}/${startedAt(machine, name)}`));
}

/** The container as Rancher's clients see it; undefined if metadata does not know it. */
function container(machine: Machine, name: string): Record<string, unknown> | undefined {
  return knownContainers(machine).find((one) => one.name === name);
}
