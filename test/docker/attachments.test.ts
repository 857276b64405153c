// The attachments of network-manager against a real Docker Engine, in a machine of its own: what containers and the kernel
// have, not what the log says.
import { readFileSync } from 'node:fs';
import t from 'tap';
import { isRoot, until } from '../netns/support/namespaces.ts';
import { type Attached, countVeths, engineClient, listAttached, managed } from './support/containers.ts';
import { startDaemon, type TestDaemon } from './support/daemon.ts';
import { type Machine, makeMachine, startEngine, succeeds } from './support/machine.ts';
import { repository } from './support/suite.ts';

interface Listed {
  readonly attachments: readonly Attached[];
  readonly failures: readonly { name: string; code: string }[];
}

t.setTimeout(300_000);

if (!isRoot) t.plan(0, 'needs root');
else
  t.test('containers of a Docker Engine', async (t) => {
    const machine = await makeMachine(t);
    await startEngine(machine);
    await startDaemon(t, machine, 'metadata');
    const manager = await startDaemon(t, machine, 'network-manager');
    const docker = engineClient(machine, 'docker');

    await t.test('a labelled container is attached and knows its name and resolver', async (t) => {
      const labels = [...managed, '--label', 'io.rancher.stack_service.name=Shop/Web'];
      docker.run('web', [...labels, '--hostname', 'web', '--domainname', 'corp', '-p', '8080:80']);
      const { address } = await docker.attached(manager, 'web');
      t.match(address, /^10\.42\.0\.\d+\/24$/);
      t.match(docker.inside('web', 'ip -4 address show eth0'), `inet ${address} `);
      t.match(docker.inside('web', 'cat /etc/hosts'), `${address.split('/')[0]}\tweb.corp web\t# corral\n`);
      const resolver = docker.inside('web', 'cat /etc/resolv.conf');
      t.match(resolver, /^search web\.shop\.rancher\.internal shop\.rancher\.internal rancher\.internal$/m);
      t.match(resolver, /^nameserver 169\.254\.169\.250$/m);
      t.match(manager.ask<Listed>('/v1/attachments').attachments, [{ name: 'web', ports: ['0.0.0.0:8080:80/tcp'] }]);
    });

    await t.test(
      'a restart makes one new attachment of the old one, also when the namespace’s number comes back',
      async (t) => {
        for (let turn = 0; turn < 5; turn += 1) {
          machine.sh('docker restart -t 0 web');
          await docker.attached(manager, 'web');
        }
        const after = await docker.attached(manager, 'web');
        t.equal(listAttached(manager).length, 1);
        t.match(docker.inside('web', 'ip -4 address show eth0'), `inet ${after.address} `);
        t.equal(docker.inside('web', 'grep -c "# corral" /etc/hosts').trim(), '1');
        await until(2_000, 'one veth is left', () => countVeths(machine) === 1);
        t.equal(claims(machine), 1, 'one address is taken');
      },
    );

    await t.test('a new name is told to metadata', async () => {
      machine.sh('docker rename web shop-web');
      await until(3_000, 'its new name is known', () => listAttached(manager)[0]?.name === 'shop-web');
      machine.sh('docker rename shop-web web');
    });

    await t.test('host and container modes are never touched, whatever their labels say', async (t) => {
      const before = machine.sh('ip -o link; ip -o -4 address');
      docker.run('hosted', [...managed, '--label', 'io.rancher.cni.network=corral'], 'host');
      docker.run('beside', managed, 'container:web');
      docker.run('after', managed);
      await docker.attached(manager, 'after');
      t.notOk(listAttached(manager).some(({ name }) => name === 'hosted' || name === 'beside'));
      machine.sh('docker rm -f hosted beside after');
      await until(3_000, 'after is gone', () => listAttached(manager).length === 1 && countVeths(machine) === 1);
      t.equal(machine.sh('ip -o link; ip -o -4 address'), before, 'the machine’s own devices are as they were');
      t.equal(ask(manager, '/v1/attach', { target: '/proc/1/ns/net' }).code, 'NETNS_IS_HOST');
    });

    await t.test('what cannot be attached is named, and forgotten when it is gone', async (t) => {
      docker.run('lost', ['--label', 'io.rancher.cni.network=nowhere']);
      docker.run('bridged', managed, 'bridge');
      const failing = await until(3_000, 'both are named', () => {
        const { failures } = manager.ask<Listed>('/v1/attachments');
        return failures.length === 2 ? failures : undefined;
      });
      const codes = Object.fromEntries(failing.map(({ name, code }) => [name, code]));
      t.same(codes, { lost: 'NETWORK_UNKNOWN', bridged: 'ATTACHMENT_EXISTS' });
      t.match(manager.ask('/readyz'), { state: 'degraded' });
      machine.sh('docker rm -f lost bridged');
      await until(3_000, 'both are forgotten', () => manager.ask<Listed>('/v1/attachments').failures.length === 0);
      t.match(manager.ask('/readyz'), { state: 'ready' });
    });

    await t.test('a container without labels is attached and detached by hand', async (t) => {
      docker.run('plain', []);
      const told = ask(manager, '/v1/attach', { target: 'plain', name: 'by-hand', publish: ['9090:90'] });
      t.match(told, { name: 'by-hand', network: 'corral', ports: ['0.0.0.0:9090:90/tcp'] });
      t.same(ask(manager, '/v1/attach', { target: 'plain' }), told, 'once more: the same');
      machine.sh('docker rename plain plainer');
      t.match(ask(manager, '/v1/detach', { target: 'plainer' }), { detached: true });
      t.match(ask(manager, '/v1/detach', { target: 'plainer' }), { detached: false });
      t.match(ask(manager, '/v1/detach', { target: 'nobody' }), { detached: false });
      t.equal(ask(manager, '/v1/attach', { target: 'nobody' }).code, 'TARGET_UNKNOWN');
      t.equal(ask(manager, '/v1/attach', { target: 'plainer', network: 'nowhere' }).code, 'NETWORK_UNKNOWN');
      machine.sh('docker rm -f plainer');
    });

    await t.test('thirty at once, and all of them away at once', async (t) => {
      const names = Array.from({ length: 30 }, (_, at) => `many-${at}`);
      machine.sh(
        `for n in ${names.join(' ')}; do docker run -d --net=none --name $n ${managed.join(' ')} busybox sleep 3600 >/dev/null & done; wait`,
        { timeoutMs: 120_000 },
      );
      const all = await until(20_000, 'all are attached', () => {
        const found = listAttached(manager).filter(({ name }) => name.startsWith('many-'));
        return found.length === names.length ? found : undefined;
      });
      t.equal(new Set(all.map(({ address }) => address)).size, names.length, 'no address twice');
      for (const { name, address } of all) {
        t.match(docker.inside(name, 'ip -4 address show eth0'), `inet ${address} `);
      }
      machine.sh(`docker rm -f ${names.join(' ')}`, { timeoutMs: 120_000 });
      await until(
        10_000,
        'all are gone',
        () => listAttached(manager).length === 1 && countVeths(machine) === 1 && claims(machine) === 1,
      );
    });

    await t.test('Docker dies, containers change, Docker comes back', async (t) => {
      const live = '{"live-restore": true}';
      machine.sh(
        `mkdir -p /etc/docker && echo '${live}' > /etc/docker/daemon.json && kill -HUP $(cat /run/dockerd.pid)`,
      );
      docker.run('stays', managed);
      docker.run('dies', managed);
      const stays = await docker.attached(manager, 'stays');
      await docker.attached(manager, 'dies');
      const pid = machine.sh('docker inspect -f {{.State.Pid}} dies').trim();
      machine.sh('kill -9 $(cat /run/dockerd.pid)');
      await until(5_000, 'the loss is told', () => text(manager.ask('/readyz')).includes('DOCKER_UNREACHABLE'));
      // Nobody reaps the dead containerd in this machine, so Docker would take it for alive.
      machine.sh(`kill -9 ${pid}; rm -f /run/dockerd.pid /run/docker/containerd/containerd.pid`);
      machine.start('sh', ['-c', 'exec dockerd --pidfile /run/dockerd.pid >>/run/dockerd.log 2>&1']);
      await until(30_000, 'Docker answers', () => succeeds(() => machine.sh('docker version')));
      docker.run('new', managed);
      await docker.attached(manager, 'new');
      await until(10_000, 'the dead one is gone', () => !listAttached(manager).some(({ name }) => name === 'dies'));
      t.same(await docker.attached(manager, 'stays'), stays, 'the living one was not touched');
      await until(5_000, 'health says so', () => !text(manager.ask('/readyz')).includes('DOCKER_UNREACHABLE'));
    });

    await t.test('network-manager dies, containers change, network-manager comes back', async (t) => {
      const stays = await docker.attached(manager, 'stays');
      await manager.kill();
      machine.sh('docker rm -f new; docker restart -t 0 web');
      docker.run('newer', managed);
      await manager.start();
      await docker.attached(manager, 'newer');
      const web = await docker.attached(manager, 'web');
      await until(5_000, 'the removed one is gone', () => !listAttached(manager).some(({ name }) => name === 'new'));
      t.match(docker.inside('web', 'ip -4 address show eth0'), `inet ${web.address} `);
      t.same(await docker.attached(manager, 'stays'), stays);
      await until(5_000, 'nothing is left over', () => countVeths(machine) === listAttached(manager).length);
      t.equal(claims(machine), listAttached(manager).length);
    });

    await t.test('a link that somebody deletes comes back', async () => {
      const { containerId } = await docker.attached(manager, 'stays');
      machine.sh(`ip link delete vethr${containerId.slice(0, 10)}`);
      const again = await until(20_000, 'it has an address again', () => {
        const devices = machine.sh('docker exec stays ip -4 address show || true');
        return /inet (10\.42\.0\.\d+\/24) .*eth0/.exec(devices)?.[1];
      });
      await until(5_000, 'the answer names it', () => listAttached(manager).some((one) => one.address === again));
    });

    await t.test('a bare namespace is attached once, and let go when it is deleted', async (t) => {
      machine.sh('ip netns add bare');
      const told = ask(manager, '/v1/attach', { target: '/run/netns/bare', labels: { a: 'b' } });
      t.match(told, { name: 'bare', netns: '/run/netns/bare', labels: { a: 'b' } });
      t.same(ask(manager, '/v1/attach', { target: '/run/netns/bare' }), told);
      machine.sh('ip netns delete bare');
      await until(20_000, 'it is gone', () => !listAttached(manager).some(({ name }) => name === 'bare'));
      t.equal(ask(manager, '/v1/attach', { target: '/run/netns/bare' }).code, 'NETNS_GONE');
      for (let turn = 0; turn < 5; turn += 1) {
        machine.sh('ip netns add bare');
        t.equal(ask(manager, '/v1/attach', { target: '/run/netns/bare' }).code, undefined);
        t.match(machine.sh('ip -n bare -4 address show eth0'), 'inet 10.42.0.', 'whatever number the new one has');
        machine.sh('ip netns delete bare');
      }
      await until(20_000, 'they are gone', () => !listAttached(manager).some(({ name }) => name === 'bare'));
      t.match(ask(manager, '/v1/detach', { target: '/run/netns/bare' }), { detached: false });
    });

    await t.test('another runtime is served on cni.sock, and what it attached is known', async (t) => {
      machine.sh('ip netns add runtime');
      const config = { cniVersion: '1.0.0', name: 'corral', type: 'corral-bridge', ipam: { type: 'corral-ipam' } };
      const added = callCni(machine, 'ADD', config);
      t.equal(added.exitCode, 0, added.stderr);
      const result = JSON.parse(added.stdout);
      t.match(result, { cniVersion: '1.0.0', ips: [{ gateway: '10.42.0.1' }] });
      t.match(machine.sh('ip -n runtime -4 address show eth0'), `inet ${result.ips[0].address} `);
      t.ok(
        listAttached(manager).some(
          ({ address, netns }) => address === result.ips[0].address && netns === '/run/netns/runtime',
        ),
      );
      t.equal(callCni(machine, 'DEL', config).exitCode, 0);
      t.equal(callCni(machine, 'DEL', config).exitCode, 0, 'twice');
      t.notOk(listAttached(manager).some(({ netns }) => netns === '/run/netns/runtime'));
      machine.sh('ip netns delete runtime');
    });

    await t.test('the README’s example', async (t) => {
      const page = readFileSync(`${repository}/daemons/network-manager/README.md`, 'utf8');
      const example = /^```sh\n(.*?)^```/ms.exec(page)?.[1] ?? '';
      const said = machine.sh(`(${example}) </dev/null; ip netns delete x`);
      t.match(said, /"address":"10\.42\.0\.\d+\/24"/);
      t.match(said, /inet 10\.42\.0\./);
      t.match(said, /"detached":true/);
    });

    t.notMatch(manager.log(), '"level":"error"', 'nothing unexpected was logged');
  });

/** A verb as the shim sends it, from a process inside the machine. */
function callCni(machine: Machine, verb: string, config: object): { exitCode: number; stdout: string; stderr: string } {
  const env = {
    CNI_COMMAND: verb,
    CNI_CONTAINERID: 'runtime-container',
    CNI_IFNAME: 'eth0',
    CNI_NETNS: '/run/netns/runtime',
    CNI_PATH: '/opt/cni/bin',
  };
  const request = JSON.stringify({ env, stdin: JSON.stringify(config), program: 'corral-bridge' });
  const script = `import { callCni } from '${repository}/test/unit/network-manager/cni-host/shim-client.ts';
    console.log(JSON.stringify(await callCni('/run/corral/cni.sock', ${request})));`;
  return JSON.parse(machine.run(process.execPath, ['--input-type=module', '-e', script]));
}

function ask(manager: TestDaemon, path: string, body: unknown): Record<string, unknown> {
  return manager.ask(path, body);
}

function text(value: unknown): string {
  return JSON.stringify(value);
}

function claims(machine: Machine): number {
  return Number(machine.sh('ls /run/corral/leases/corral/addresses | wc -l').trim());
}
