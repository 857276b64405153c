// The node end to end, as a user meets it: real Docker Engine, real daemons, real packets, in a machine of its own.
import { spawn } from 'node:child_process';
import t from 'tap';
import { exec, isRoot, until } from '../netns/support/namespaces.ts';
import { type Machine, machineAddress, makeMachine, routerAddress, startEngine, succeeds } from './support/machine.ts';
import { startResolver } from './support/resolver.ts';
import { allReady, corral, startSuite } from './support/suite.ts';

const service = '169.254.169.250';

if (!isRoot) t.plan(0, 'needs root');
else
  t.test('a working node', { timeout: 170_000 }, async (t) => {
    const machine = await makeMachine(t);
    await startResolver(t, machine, routerAddress);
    await startEngine(machine);
    const suite = await startSuite(machine);

    await t.test(
      'a container started with Docker has an address, a name and its metadata within a second',
      async (t) => {
        run(machine, 'web-1', 'shop/web');
        const address = await addressOf(machine, 'web-1', 1_000);
        t.match(address, /^10\.42\.\d+\.\d+$/);
        t.match(inside(machine, 'web-1', 'ip route'), /^default via 10\.42\.0\.1 dev eth0/m);
        t.equal(fetched(machine, 'web-1', 'self/container/name'), 'web-1');
        t.equal(fetched(machine, 'web-1', 'self/container/primary_ip'), address);
        t.equal(fetched(machine, 'web-1', 'self/service/name'), 'web');
        t.equal(fetched(machine, 'web-1', 'self/stack/name'), 'shop');
        for (const name of ['web.shop.rancher.internal', 'web.shop', 'web-1.rancher.internal']) {
          t.match(inside(machine, 'web-1', `nslookup -type=a ${name}`), address, name);
        }
        t.match(
          inside(machine, 'web-1', 'nslookup -type=a outside.example.org'),
          '192.0.2.53',
          'the host’s resolver answers',
        );
        t.match(inside(machine, 'web-1', 'cat /etc/resolv.conf'), `nameserver ${service}`);
      },
    );

    await t.test('two containers reach each other and the host', async (t) => {
      run(machine, 'web-2', 'shop/web');
      const [first, second] = [await addressOf(machine, 'web-1'), await addressOf(machine, 'web-2')];
      t.not(first, second);
      ping(machine, 'web-1', second);
      ping(machine, 'web-2', first);
      ping(machine, 'web-2', machineAddress);
      ping(machine, 'web-2', '203.0.113.1');
      const both = inside(machine, 'web-2', 'nslookup -type=a web.shop.rancher.internal');
      t.match(both, first);
      t.match(both, second);
    });

    await t.test('Docker’s links and resolvers are the container’s', async (t) => {
      run(machine, 'linked', 'shop/linked', '--link=web-1:partner', '--dns=198.51.100.1');
      await addressOf(machine, 'linked');
      const first = await addressOf(machine, 'web-1');
      const asked = 'nslookup -type=a partner.rancher.internal || true';
      t.match(inside(machine, 'linked', asked), first);
      t.match(inside(machine, 'web-2', asked), 'NXDOMAIN', 'of nobody else');
      t.equal(fetched(machine, 'linked', 'self/container/dns/1'), '198.51.100.1');
      t.same(inside(machine, 'linked', 'cat /etc/resolv.conf').match(/^nameserver .*$/gm), [`nameserver ${service}`]);
      machine.sh('docker rm -f linked');
    });

    await t.test(
      'beyond the machine only the machine’s address is seen, and never a missing container’s',
      async (t) => {
        const capture = startCapture(machine);
        await capture.started;
        ping(machine, 'web-1', '203.0.113.1');
        t.notOk(
          succeeds(() => ping(machine, 'web-1', '10.42.200.200')),
          'an unknown block leads nowhere',
        );
        const seen = await capture.text();
        t.match(seen, `${machineAddress} > 203.0.113.1: ICMP echo request`);
        t.notMatch(seen, '10.42.');
      },
    );

    await t.test('a bare namespace is attached and detached by the command', async (t) => {
      machine.sh('ip netns add x');
      const told = JSON.parse(
        machine.sh(`${corral} attach /run/netns/x --name x --label io.rancher.stack_service.name=shop/db --json`),
      );
      t.match(told.address, /^10\.42\./);
      t.match(machine.sh('ip -n x route'), /^default via 10\.42\.0\.1/m);
      t.equal(machine.sh(`ip netns exec x wget -qO- http://${service}/latest/self/container/name`), 'x');
      t.match(machine.sh(`${corral} resolve db.shop.rancher.internal`), told.address.split('/')[0]);
      t.match(machine.sh(`ip netns exec x nslookup -type=a web.shop.rancher.internal ${service}`), /10\.42\./);
      machine.sh(`${corral} attach /run/netns/x --name x`);
      machine.sh(`${corral} detach /run/netns/x && ${corral} detach /run/netns/x && ip netns delete x`);
      t.notOk(
        succeeds(() => machine.sh(`${corral} get containers/x/name`)),
        'its record is gone',
      );
    });

    await t.test('behind INPUT policy DROP containers still reach metadata and DNS', async (t) => {
      machine.sh('iptables -P INPUT DROP');
      t.teardown(() => void machine.sh('iptables -P INPUT ACCEPT'));
      t.equal(fetched(machine, 'web-1', 'self/container/name'), 'web-1');
      t.match(inside(machine, 'web-1', 'nslookup -type=a web.shop.rancher.internal'), /10\.42\./);
    });

    await t.test('a neighbour on the uplink is refused at both', async (t) => {
      exec(machine.router, 'ip', ['route', 'add', `${service}/32`, 'via', machineAddress]);
      const http = ['-c', `timeout 3 wget -t1 -qO- http://${service}/latest/version`];
      t.notOk(succeeds(() => exec(machine.router, 'sh', http)));
      t.notOk(
        succeeds(() =>
          exec(machine.router, 'dig', ['+tries=1', '+time=1', `@${service}`, 'web.shop.rancher.internal']),
        ),
      );
      machine.sh('iptables -D INPUT -j CATTLE_INPUT 2>/dev/null || iptables -S INPUT');
      t.notOk(
        succeeds(() => exec(machine.router, 'sh', http)),
        'the daemons refuse it without the rules too',
      );
    });

    await t.test('a container that forges its sibling’s address or MAC gets nothing', async (t) => {
      const victim = await addressOf(machine, 'web-2');
      const mac = inside(machine, 'web-2', 'cat /sys/class/net/eth0/address').trim();
      run(machine, 'forger', 'shop/forger', '--cap-add=NET_ADMIN');
      await addressOf(machine, 'forger');
      const asks = `timeout 3 wget -qO- http://${service}/latest/self/container/name`;
      t.equal(inside(machine, 'forger', asks), 'forger');
      inside(
        machine,
        'forger',
        `ip address add ${victim}/24 dev eth0 && ip route change default via 10.42.0.1 src ${victim}`,
      );
      t.notOk(
        succeeds(() => inside(machine, 'forger', asks)),
        'the answer to a forged address goes to its owner',
      );
      inside(machine, 'forger', `ip link set eth0 address ${mac}`);
      t.notOk(
        succeeds(() => inside(machine, 'forger', asks)),
        'a forged MAC is dropped at the port',
      );
      t.equal(fetched(machine, 'web-2', 'self/container/name'), 'web-2', 'the sibling is not disturbed');
      machine.sh('docker rm -f forger');
    });

    await t.test('50,000 DNS queries leave no conntrack entries behind', async (t) => {
      machine.sh('ip netns add load');
      machine.sh(`${corral} attach /run/netns/load --name load`);
      machine.sh('printf "web.shop.rancher.internal A\\n" > /run/queries');
      const told = machine.sh(`ip netns exec load dnsperf -s ${service} -d /run/queries -n 50000 -c 50`, {
        timeoutMs: 60_000,
      });
      t.match(told, /Queries completed:\s+50000/);
      t.equal(machine.sh('conntrack -L -p udp --dport 53 2>/dev/null | grep -c 169.254.169.250 || true').trim(), '0');
      machine.sh(`${corral} detach /run/netns/load && ip netns delete load`);
    });

    for (const daemon of ['metadata', 'dns', 'network-manager']) {
      await t.test(`kill -9 of ${daemon}: containers keep talking, it is back within 2 s`, async (t) => {
        const second = await addressOf(machine, 'web-2');
        const before = suite.pidOf(daemon);
        const ping = machine.start('sh', ['-c', `docker exec web-1 ping -i 0.1 -c 30 ${second} > /run/ping.${daemon}`]);
        machine.sh(`kill -9 ${before}`);
        const started = `late-${daemon}`;
        run(machine, started, 'shop/late');
        await until(2_000, `${daemon} is back`, () => suite.pidOf(daemon) !== before && allReady(suite));
        t.match(await addressOf(machine, started, 2_000), /^10\.42\./, 'a container started meanwhile is attached');
        await until(5_000, 'the ping ends', () => ping.exitCode !== null);
        t.match(machine.sh(`cat /run/ping.${daemon}`), '30 packets received, 0% packet loss');
        await until(2_000, 'it has its name', () =>
          succeeds(() => t.equal(fetched(machine, started, 'self/container/name'), started)),
        );
        machine.sh(`docker rm -f ${started}`);
      });
    }

    await t.test('after docker rm -f nothing is left', async () => {
      machine.sh('docker rm -f web-1 web-2');
      await until(3_000, 'no veth is left', () => !machine.sh('ip -br link').includes('vethr'));
      await until(
        3_000,
        'no lease is left',
        () => machine.sh('find /run/corral/leases -name "*.json" -o -path "*/addresses/*" -type f') === '',
      );
      await until(3_000, 'no record is left', () => machine.sh(`${corral} get containers`) === '');
    });
  });

/** Records what passes on the router's side of the uplink. */
function startCapture(machine: Machine): { started: Promise<unknown>; text(): Promise<string> } {
  const child = spawn('ip', ['netns', 'exec', machine.router.name, 'tcpdump', '-lni', 'lan', 'icmp'], {
    stdio: 'pipe',
  });
  let [said, errors] = ['', ''];
  child.stdout.on('data', (chunk) => {
    said += chunk;
  });
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  return {
    started: until(5_000, 'the capture runs', () => errors.includes('listening on')),
    async text() {
      await until(5_000, 'something was captured', () => said.includes('echo reply'));
      child.kill();
      return said;
    },
  };
}

function run(machine: Machine, name: string, stackService: string, ...options: string[]): void {
  const labels = [
    '--label',
    'io.rancher.container.network=true',
    '--label',
    `io.rancher.stack_service.name=${stackService}`,
  ];
  machine.run('docker', ['run', '-d', '--net=none', '--name', name, ...labels, ...options, 'busybox', 'sleep', '3600']);
}

function inside(machine: Machine, container: string, line: string): string {
  return machine.run('docker', ['exec', container, 'sh', '-c', line], { timeoutMs: 10_000 });
}

function fetched(machine: Machine, container: string, path: string): string {
  return inside(machine, container, `timeout 3 wget -qO- http://${service}/latest/${path}`);
}

function ping(machine: Machine, container: string, address: string): void {
  inside(machine, container, `ping -c1 -W2 ${address}`);
}

/** The container's address as it sees it itself. */
async function addressOf(machine: Machine, container: string, deadlineMs = 5_000): Promise<string> {
  return until(deadlineMs, `${container} has an address`, () => {
    try {
      return /inet (10\.42\.[\d.]+)\//.exec(inside(machine, container, 'ip -4 address show eth0'))?.[1];
    } catch {
      return undefined;
    }
  });
}
