// Published ports end to end: `docker run -p` of a real engine, real daemons, asked from every side.
import t from 'tap';
import { exec, isRoot, until } from '../netns/support/namespaces.ts';
import { type Machine, machineAddress, makeMachine, startEngine, succeeds } from './support/machine.ts';
import { corral, startSuite } from './support/suite.ts';

if (!isRoot) t.plan(0, 'needs root');
else
  t.test('ports of docker run', { timeout: 170_000 }, async (t) => {
    const machine = await makeMachine(t);
    await startEngine(machine);
    await startSuite(machine);
    run(machine, 'web', '-p 8080:80 -p 198.51.100.10:9090:80');
    run(machine, 'sibling', '');
    await until(5_000, 'the port is published', () => natRules(machine).includes('--dport 9090'));
    await until(5_000, 'the sibling has an address', () => inside(machine, 'sibling', 'ip address').includes('10.42.'));

    await t.test('reachable from every side', async (t) => {
      t.equal(await fromNeighbour(machine, 8080, 'web'), 'web', 'from the LAN');
      t.equal(await fromNeighbour(machine, 9090, 'web'), 'web', 'on one address');
      t.equal(get(machine, '127.0.0.1:8080'), 'web', 'from the host by 127.0.0.1');
      t.equal(get(machine, `${machineAddress}:8080`), 'web', 'and by its own address');
      t.equal(inside(machine, 'sibling', wget(`${machineAddress}:8080`)), 'web', 'from a sibling');
      t.equal(inside(machine, 'web', wget(`${machineAddress}:8080`)), 'web', 'from itself');
      t.notOk(
        succeeds(() => get(machine, '127.0.0.1:9090')),
        'a port on another address is not on 127.0.0.1',
      );
      t.match(machine.sh(`${corral} status --json`), /2 published/);
    });

    await t.test('a port moves with its container', async (t) => {
      machine.sh('docker rm -f web');
      await until(5_000, 'withdrawn', () => !natRules(machine).includes('--dport 8080'));
      run(machine, 'web-2', '-p 8080:80');
      t.equal(await fromNeighbour(machine, 8080, 'web-2'), 'web-2');
      machine.sh('docker restart -t 0 web-2');
      t.equal(await fromNeighbour(machine, 8080, 'web-2'), 'web-2', 'and stays over its restart');
    });

    await t.test('after Docker came back with its rules on top', async (t) => {
      machine.sh('kill $(cat /run/dockerd.pid)');
      await until(20_000, 'the engine is down', () => !succeeds(() => machine.sh('test -e /run/dockerd.pid')));
      machine.start('sh', ['-c', 'exec dockerd --pidfile /run/dockerd.pid >>/run/dockerd.log 2>&1']);
      await until(30_000, 'the engine answers', () => succeeds(() => machine.sh('docker version >/dev/null 2>&1')));
      run(machine, 'web-3', '-p 8081:80');
      t.equal(await fromNeighbour(machine, 8081, 'web-3'), 'web-3');
      await until(10_000, 'our hooks stand first', () =>
        /^-A FORWARD .*CATTLE_FORWARD/m.test(machine.sh('iptables -S FORWARD').split('\n')[1] ?? ''),
      );
    });

    await t.test('what the host listens on is said', async (t) => {
      const listener = machine.start('sh', ['-c', 'exec nc -l -k 0.0.0.0 7070']);
      t.teardown(() => void listener.kill('SIGKILL'));
      run(machine, 'hides', '-p 7070:80');
      await until(10_000, 'it is said', () => machine.sh(`${corral} status --json`).includes('PORT_TAKEN'));
      t.equal(await fromNeighbour(machine, 7070, 'hides'), 'hides');
    });
  });

function run(machine: Machine, name: string, ports: string): void {
  const page = `echo ${name} > /tmp/index.html; exec /bin/busybox httpd -f -p 80 -h /tmp`;
  const labels = '--label io.rancher.container.network=true';
  machine.sh(`docker run -d --net=none --name ${name} ${ports} ${labels} busybox sh -c '${page}'`);
}

function inside(machine: Machine, name: string, line: string): string {
  return machine.sh(`docker exec ${name} sh -c '${line}'`).trim();
}

const wget = (from: string): string => `timeout 3 wget -qO- http://${from}/`;
const get = (machine: Machine, from: string): string => machine.sh(wget(from)).trim();
const natRules = (machine: Machine): string => machine.sh('iptables-save -t nat');

/** What a neighbour reads, once it is what is awaited or after 5 s. */
async function fromNeighbour(machine: Machine, port: number, awaited: string): Promise<string> {
  let read = '';
  const ask = (): boolean => {
    try {
      read = exec(machine.router, 'sh', ['-c', wget(`${machineAddress}:${port}`)]).trim();
    } catch {
      read = '';
    }
    return read === awaited;
  };
  await until(5_000, awaited, ask).catch(() => undefined);
  return read;
}
