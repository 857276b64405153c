// Container runtimes that nobody here wrote call the plugins: Podman with its CNI backend, and containerd.
import t from 'tap';
import { exec, isRoot, until } from '../netns/support/namespaces.ts';
import { type Machine, machineAddress, makeMachine, routerAddress, succeeds, writeIn } from './support/machine.ts';
import { startResolver } from './support/resolver.ts';
import { corral, type Suite, startSuite } from './support/suite.ts';

const service = '169.254.169.250';
const podman =
  'podman --root /run/podman/storage --runroot /run/podman/run --runtime runc --cgroup-manager cgroupfs ' +
  '--storage-driver vfs --network-backend cni --events-backend file';
const limits = '--ulimit nofile=1024:1024 --ulimit nproc=1000:1000';
const ctr = 'ctr --address /run/containerd/containerd.sock';

if (!isRoot) t.plan(0, 'needs root');
else
  t.test('runtimes of others', { timeout: 170_000 }, async (t) => {
    const machine = await makeMachine(t);
    await startResolver(t, machine, routerAddress);
    machine.sh('mkdir -p /etc/corral');
    writeIn(machine, '/etc/corral/corral.yaml', 'engines: []\n');
    const suite = await startSuite(machine);
    machine.sh(`${corral} cni install`);
    makeImage(machine);
    const before = stateOf(machine);

    await t.test('Podman: address, route, names, metadata, a published port; then nothing is left', async (t) => {
      machine.sh(`${podman} import -q /run/image.tar busybox`);
      run(machine, 'first', '--publish 8080:80');
      run(machine, 'second', '--label io.rancher.stack.name=shop --label io.rancher.stack_service.name=shop/web');
      const address = addressIn(inside(machine, 'first', 'ip -4 address show eth0'));
      t.match(address, /^10\.42\.0\.\d+$/);
      t.match(inside(machine, 'first', 'ip route'), /^default via 10\.42\.0\.1 dev eth0/m);
      t.equal(inside(machine, 'first', `wget -q -O - http://${service}/latest/self/container/name`), 'first');
      t.equal(inside(machine, 'second', `wget -q -O - http://${service}/latest/self/container/name`), 'second');
      t.match(inside(machine, 'second', `nslookup -type=a first.rancher.internal ${service}`), address);
      t.match(inside(machine, 'second', `nslookup -type=a outside.example.org ${service}`), '192.0.2.53');
      inside(machine, 'second', `ping -c 1 -W 2 ${address}`);
      t.same(recordOf(machine, 'first').ports, ['0.0.0.0:8080:80/tcp'], 'its record names the published port');
      machine.sh(`${podman} exec -d first sh -c 'while true; do echo served | nc -l -p 80; done'`);
      const asked = (): string => exec(machine.router, 'timeout', ['2', 'nc', '-w', '1', machineAddress, '8080']);
      const answers = (): boolean => succeeds(asked) && asked().includes('served');
      t.ok(await until(5_000, 'it answers', answers), 'the published port answers the LAN');
      machine.start('nc', ['-lk', '8090']);
      await until(5_000, 'it listens', () => machine.sh('ss -Hltn').includes(':8090'));
      machine.sh(`ip netns add x && ${corral} attach /run/netns/x --name x --publish 8090:80`);
      const told = await until(60_000, 'a program on a published port is told', () => takenPorts(suite));
      t.match(machine.sh('ss -Hltnp'), /:8080 .*conmon/, 'Podman listens on the port of its container');
      t.match(told, 'tcp/0.0.0.0:8090: a program of the host listens, x gets it');
      t.notMatch(told, '8080', 'which is no news');
      machine.sh(`${corral} detach /run/netns/x && ip netns delete x`);
      machine.sh(`${podman} restart -t 0 first`);
      t.equal(addressIn(inside(machine, 'first', 'ip -4 address show eth0')), address, 'a restart keeps the address');
      machine.sh(`${podman} rm -f -t 0 first second`);
      t.equal(stateOf(machine), before);
    });

    await t.test('Podman, an address asked for', async (t) => {
      run(machine, 'fixed', '--ip 10.42.0.77 --mac-address 0a:58:0a:2a:00:99');
      t.match(inside(machine, 'fixed', 'ip address show eth0'), /0a:58:0a:2a:00:99.*inet 10\.42\.0\.77\/24/s);
      t.throws(() => run(machine, 'other', '--ip 10.42.0.77'), 'the second one is told');
      machine.sh(`${podman} rm -f -t 0 fixed other`);
      t.equal(stateOf(machine), before);
    });

    await t.test('Podman while network-manager is stopped', async (t) => {
      const pid = suite.pidOf('network-manager');
      machine.sh(`kill -STOP ${pid}`);
      run(machine, 'alone', '');
      t.match(addressIn(inside(machine, 'alone', 'ip -4 address show eth0')), /^10\.42\.0\.\d+$/);
      machine.sh(`kill -CONT ${pid}`);
      await until(10_000, 'the metadata service knows it', () =>
        succeeds(() => inside(machine, 'alone', `wget -q -O - http://${service}/latest/self/container/name`)),
      );
      machine.sh(`${podman} rm -f -t 0 alone`);
      t.equal(stateOf(machine), before);
    });

    await t.test('containerd: ctr run --cni', async (t) => {
      machine.sh(`${podman} save -q --format oci-archive -o /run/oci.tar localhost/busybox`);
      machine.start('sh', [
        '-c',
        'exec containerd --root /run/containerd/root --state /run/containerd/state >/run/containerd.log 2>&1',
      ]);
      await until(20_000, 'containerd answers', () => succeeds(() => machine.sh(`${ctr} version`)));
      machine.sh(`${ctr} image import --snapshotter native /run/oci.tar`, { timeoutMs: 60_000 });
      const image = machine.sh(`${ctr} image ls -q`).trim().split('\n')[0];
      const look = `ip -4 address show eth0; ip route; wget -q -O - http://${service}/latest/self/container/primary_ip`;
      const said = machine.sh(`${ctr} run --rm --cni --snapshotter native ${image} looker sh -c '${look}'`);
      const address = addressIn(said);
      t.match(said, /default via 10\.42\.0\.1/);
      t.ok(said.trim().endsWith(address), 'the metadata service knows it by its address');
      t.equal(stateOf(machine), before);
    });
  });

function takenPorts(suite: Suite): string | undefined {
  const conditions = suite.status().daemons.flatMap((daemon) => daemon.conditions);
  return conditions.find(({ code }) => code === 'PORT_TAKEN')?.text;
}

function makeImage(machine: Machine): void {
  machine.sh(`mkdir -p /run/image/bin /run/image/etc /run/image/tmp && cp /bin/busybox /run/image/bin/busybox
    for name in sh ip wget nc nslookup sleep ping; do ln -s busybox /run/image/bin/$name; done
    tar -C /run/image -cf /run/image.tar .`);
}

function run(machine: Machine, name: string, options: string): void {
  machine.sh(
    `${podman} run -d ${limits} --cap-add NET_RAW --name ${name} --network corral ${options} busybox sleep 600`,
  );
}

function inside(machine: Machine, name: string, line: string): string {
  return machine.sh(`${podman} exec ${name} sh -c '${line}'`);
}

function addressIn(text: string): string {
  return /inet ([\d.]+)/.exec(text)?.[1] ?? '';
}

function recordOf(machine: Machine, name: string): { ports: readonly string[] } {
  const listed = JSON.parse(
    machine.sh('curl -s --unix-socket /run/corral/network-manager.sock http://corral/v1/attachments'),
  ) as { attachments: { name: string; ports: readonly string[] }[] };
  const found = listed.attachments.find((one) => one.name === name);
  if (!found) throw new Error(`no record of ${name}`);
  return found;
}

/** What attachments may leave on a host. */
function stateOf(machine: Machine): string {
  return machine
    .sh(
      `ip -o link | sed -n 's/^[0-9]*: \\(vethr[^@:]*\\).*/\\1/p'; ip neigh show nud permanent; ls /run/corral/leases/corral/attachments /run/corral/leases/corral/addresses 2>/dev/null || true; ip netns`,
    )
    .replaceAll(/^.*leases.*$\n?/gm, '')
    .trim();
}
