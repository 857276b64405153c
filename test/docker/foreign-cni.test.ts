// Networks that plugins of other makers make, with the reference plugins and a real Docker Engine: bridge with host-local and
// portmap, macvlan on a device, and plugins that misbehave.
import t from 'tap';
import { exec, isRoot, until } from '../netns/support/namespaces.ts';
import { startDaemon, type TestDaemon } from './support/daemon.ts';
import { type Machine, machineAddress, makeMachine, startEngine, succeeds, writeIn } from './support/machine.ts';

interface Attached {
  readonly name: string;
  readonly address: string;
  readonly mac: string;
  readonly network: string;
}

t.setTimeout(170_000);

const ranges = [[{ subnet: '10.99.0.0/24' }]];
const bridged = {
  cniVersion: '1.0.0',
  name: 'bridged',
  plugins: [
    {
      type: 'bridge',
      bridge: 'corral-ref',
      isGateway: true,
      ipMasq: false,
      ipam: { type: 'host-local', dataDir: '/run/host-local', ranges, routes: [{ dst: '0.0.0.0/0' }] },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
};
const macvlan = {
  cniVersion: '0.4.0',
  name: 'lan',
  type: 'macvlan',
  master: '__host_label__: uplink.device',
  ipam: {
    type: 'host-local',
    dataDir: '/run/host-local',
    ranges: [[{ subnet: '198.51.100.0/24', rangeStart: '198.51.100.50' }]],
  },
};
const brought = {
  cniVersion: '1.0.0',
  name: 'brought',
  type: 'my-ptp',
  ipam: { type: 'host-local', dataDir: '/run/host-local', ranges: [[{ subnet: '10.95.0.0/24' }]] },
};
const odd = (type: string) => ({ cniVersion: '1.0.0', name: type, plugins: [{ type }] });
const networks = [
  { name: 'corral', default: true },
  {
    name: 'bridged',
    subnet: '10.99.0.0/24',
    driver: 'none',
    hostPorts: false,
    cniConfig: { '10-bridge.conflist': bridged },
  },
  { name: 'lan', subnet: '10.98.0.0/24', driver: 'none', cniConfig: { '10-macvlan.conf': macvlan } },
  { name: 'missing', subnet: '10.97.0.0/24', driver: 'none', cniConfig: { 'x.conflist': odd('no-such-plugin') } },
  { name: 'garbage', subnet: '10.96.0.0/24', driver: 'none', cniConfig: { 'x.conflist': odd('garbage') } },
  { name: 'brought', subnet: '10.95.0.0/24', driver: 'none', cniConfig: { 'x.conf': brought } },
];

if (!isRoot) t.plan(0, 'needs root');
else
  t.test('networks of other plugins', async (t) => {
    const machine = await makeMachine(t);
    await startEngine(machine);
    machine.sh(
      'mkdir -p /etc/corral /opt/cni/bin; printf "#!/bin/sh\\necho garbage\\n" > /opt/cni/bin/garbage; chmod 755 /opt/cni/bin/garbage',
    );
    configure(machine, networks);
    const metadata = await startDaemon(t, machine, 'metadata');
    const manager = await startDaemon(t, machine, 'network-manager');

    await t.test('their configurations lie where runtimes look', async (t) => {
      const file = await until(5_000, 'the file is there', () =>
        succeeds(() => machine.sh('cat /etc/cni/bridged.d/10-bridge.conflist'))
          ? machine.sh('cat /etc/cni/bridged.d/10-bridge.conflist')
          : undefined,
      );
      t.same(JSON.parse(file), bridged);
      t.match(JSON.parse(machine.sh('cat /etc/cni/lan.d/10-macvlan.conf')), { master: 'uplink' });
      t.equal(machine.sh('stat -c %a /etc/cni/bridged.d /etc/cni/bridged.d/10-bridge.conflist').trim(), '700\n600');
      t.equal(machine.sh('readlink /etc/cni/managed.d').trim(), 'corral.d');
      t.notOk(machine.sh('ip -o link').includes('corral-bridged'), 'Corral makes no bridge for them');
    });

    await t.test('bridge, host-local and portmap', async (t) => {
      run(machine, 'one', 'bridged', ['-p', '8080:80']);
      run(machine, 'two', 'bridged');
      const [one, two] = [await attached(manager, 'one'), await attached(manager, 'two')];
      t.match(one.address, /^10\.99\.0\.\d+\/24$/);
      t.match(inside(machine, 'one', 'ip -4 address show eth0'), `inet ${one.address} `);
      t.match(inside(machine, 'one', 'cat /sys/class/net/eth0/address'), one.mac);
      await until(10_000, 'one reaches two', () => succeeds(() => inside(machine, 'one', `ping -c1 -w3 ${ip(two)}`)));
      machine.sh("docker exec -d one sh -c 'while true; do echo served | nc -l -p 80; done'");
      const fetch = ['-w', '2', machineAddress, '8080'];
      await until(10_000, 'the published port answers from outside', () =>
        succeeds(() => exec(machine.router, 'nc', fetch))
          ? exec(machine.router, 'nc', fetch).includes('served')
          : false,
      );
      t.match(container(machine, 'one'), { primary_ip: ip(one), primary_mac_address: one.mac });
      machine.sh('docker restart -t 0 two');
      await until(5_000, 'two is back', () =>
        inside(machine, 'two', 'ip -4 address show eth0 || true').includes('10.99.0.'),
      );
      await manager.kill();
      machine.sh('docker rm -f two');
      await manager.start();
      await until(5_000, 'what ended meanwhile is gone', () => !list(manager).some(({ name }) => name === 'two'));
      t.match(await attached(manager, 'one'), one, 'the other stayed');
      machine.sh('docker rm -f one');
      await until(5_000, 'nothing is attached', () => list(manager).length === 0);
      t.equal(machine.sh('ls /run/host-local/bridged | grep -c ^10 || true').trim(), '0', 'host-local has them back');
      t.notMatch(machine.sh('iptables -t nat -S'), 'dport 8080', 'and portmap its rules');
    });

    await t.test('macvlan on the uplink', async (t) => {
      run(machine, 'mac', 'lan');
      const mac = await attached(manager, 'mac');
      t.match(mac.address, /^198\.51\.100\.\d+\/24$/);
      inside(machine, 'mac', 'ping -c1 -w3 198.51.100.1');
      t.equal(container(machine, 'mac')?.primary_ip, ip(mac));
      machine.sh('docker rm -f mac');
      await until(20_000, 'it is gone', () => list(manager).length === 0);
    });

    await t.test('a plugin that is missing or says garbage is named, and tried again', async (t) => {
      run(machine, 'lost', 'missing');
      run(machine, 'mad', 'garbage');
      const failures = await until(5_000, 'both are named', () => {
        const found = manager.ask<{ failures: { name: string; code: string }[] }>('/v1/attachments').failures;
        return found.length === 2 ? found : undefined;
      });
      const codes = Object.fromEntries(failures.map(({ name, code }) => [name, code]));
      t.same(codes, { lost: 'PLUGIN_MISSING', mad: 'PLUGIN_FAILED' });
      machine.sh('ln -s /usr/lib/cni/ptp /opt/cni/bin/no-such-plugin');
      await until(10_000, 'another refusal', () => text(manager.ask('/readyz')).includes('PLUGIN_FAILED'));
      machine.sh('docker rm -f lost mad');
      await until(5_000, 'both are forgotten', () => !text(manager.ask('/readyz')).includes('PLUGIN_'));
      t.same(machine.sh('ls /run/corral/leases/*/attachments').match(/json/g), null, 'no lease is left');
    });

    await t.test('a plugin that a container brings', async (t) => {
      run(machine, 'early', 'brought');
      await until(5_000, 'it is missing', () => text(manager.ask('/readyz')).includes('PLUGIN_MISSING'));
      const bring = (name: string, program: string): void => {
        const labels = `--label io.rancher.network.cni.binary=${program}`;
        machine.sh(`docker create --net=none --name ${name} ${labels} busybox sleep 3600; mkdir -p /run/up/opt/cni/bin
          cp /usr/lib/cni/ptp /run/up/opt/cni/bin/${program}; docker cp /run/up/opt ${name}:/; docker start ${name}`);
      };
      bring('driver', 'my-ptp');
      bring('intruder', 'host-local');
      bring('stranger', 'unasked');
      t.match((await attached(manager, 'early', 15_000)).address, /^10\.95\.0\./);
      t.match(machine.sh('readlink /opt/cni/bin/my-ptp'), /^\.corral-plugins\/my-ptp@[0-9a-f]{16}$/m);
      t.notMatch(machine.sh('ls /opt/cni/bin'), 'unasked', 'nobody asked for it');
      t.notMatch(machine.sh('ls /opt/cni/bin'), 'host-local', 'the host has it');
      machine.sh('docker rm -f driver intruder stranger');
      machine.sh('docker restart -t 0 early');
      await until(5_000, 'it stays when its container goes', () =>
        inside(machine, 'early', 'ip -4 address show eth0 || true').includes('10.95.0.'),
      );
      machine.sh('docker rm -f early');
      await until(5_000, 'nothing is attached', () => list(manager).length === 0);
    });

    await t.test('a network that goes takes its files along, and no others', async (t) => {
      machine.sh('echo {} > /etc/cni/lan.d/99-mine.conf');
      configure(machine, networks.slice(0, 2));
      await metadata.kill();
      await metadata.start();
      await until(10_000, 'the files are gone', () => !machine.sh('ls /etc/cni').includes('missing.d'));
      t.same(machine.sh('ls /etc/cni/lan.d').trim(), '99-mine.conf');
      t.notOk(machine.sh('ls /opt/cni/bin').includes('my-ptp'), 'and the program that was brought for it');
      t.ok(machine.sh('ls /etc/cni/bridged.d').includes('10-bridge.conflist'));
    });

    t.notMatch(manager.log(), '"level":"error"', 'nothing unexpected was logged');
  });

function configure(machine: Machine, list: readonly object[]): void {
  const config = { host: { labels: { 'uplink.device': 'uplink' } }, networks: list };
  writeIn(machine, '/etc/corral/corral.yaml', JSON.stringify(config));
}

function run(machine: Machine, name: string, network: string, options: readonly string[] = []): void {
  const label = `io.rancher.cni.network=${network}`;
  machine.run('docker', [
    'run',
    '-d',
    '--net=none',
    '--name',
    name,
    '--label',
    label,
    ...options,
    'busybox',
    'sleep',
    '3600',
  ]);
}

function inside(machine: Machine, name: string, line: string): string {
  return machine.run('docker', ['exec', name, 'sh', '-c', line], { timeoutMs: 15_000 });
}

function list(manager: TestDaemon): Attached[] {
  return manager.ask<{ attachments: Attached[] }>('/v1/attachments').attachments;
}

function attached(manager: TestDaemon, name: string, deadlineMs = 5_000): Promise<Attached> {
  return until(deadlineMs, `${name} is attached: ${text(manager.ask('/readyz'))}`, () =>
    list(manager).find((one) => one.name === name),
  );
}

function ip({ address }: Attached): string {
  return address.split('/')[0] ?? '';
}

function text(value: unknown): string {
  return JSON.stringify(value);
}

function container(machine: Machine, name: string): Record<string, unknown> | undefined {
  const asks = ['-s', '-H', 'Accept: application/json', '--unix-socket', '/run/corral/metadata.sock'];
  const known: unknown = JSON.parse(machine.run('curl', [...asks, 'http://x/v1/tree/latest/containers']));
  return Array.isArray(known) ? known.find((one) => one.name === name) : undefined;
}
