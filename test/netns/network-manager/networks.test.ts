import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { parseBlockFile } from '../../../cni-plugins/ipam/block-file.ts';
import { block, network, otherHostId } from '../../unit/support/snapshots.ts';
import {
  connect,
  exec,
  execJson,
  isRoot,
  makeNamespace,
  type Namespace,
  type TestScope,
  until,
} from '../support/namespaces.ts';
import { startKeepers } from './support/keepers.ts';

if (!isRoot) t.plan(0, 'needs root');
t.setTimeout(120_000);

const corral = [network('corral', '10.42.0.0/16', { isDefault: true }), block('corral', '10.42.7.0/24')];
const back = [network('back', '10.50.0.0/16', { driver: 'none' }), block('back', '10.50.1.0/24')];
const objects = [...corral, ...back, block('corral', '10.42.8.0/24', otherHostId)];

interface LinkText {
  readonly ifindex: number;
  readonly address: string;
  readonly mtu: number;
  readonly ifalias?: string;
  readonly flags: readonly string[];
  readonly linkinfo?: { readonly info_data?: { readonly vlan_filtering?: number } };
}

/** A host with an uplink of 1,400 bytes. */
function makeHost(t: TestScope): Namespace {
  const host = makeNamespace(t, 'kh');
  const outside = makeNamespace(t, 'ko');
  connect(
    { ns: host, device: 'eth0', address: '192.0.2.1/24' },
    { ns: outside, device: 'eth0', address: '192.0.2.2/24' },
  );
  exec(host, 'ip', ['link', 'set', 'eth0', 'mtu', '1400']);
  exec(host, 'ip', ['route', 'add', 'default', 'via', '192.0.2.2']);
  return host;
}

const linkOf = (ns: Namespace, device: string): LinkText =>
  execJson<LinkText>(ns, 'ip', ['link', 'show', 'dev', device])[0]!;
const addressesOf = (ns: Namespace, device: string): string =>
  exec(ns, 'ip', ['-4', '-o', 'address', 'show', 'dev', device]).trim();
const hasDevice = (ns: Namespace, device: string): boolean =>
  execJson<{ ifname: string }>(ns, 'ip', ['link']).some((one) => one.ifname === device);
const sysctl = (ns: Namespace, path: string): string => exec(ns, 'cat', [`/proc/sys/${path}`]).trim();
const routes = (ns: Namespace): string => exec(ns, 'ip', ['route', 'show', 'table', 'main']);

/** Attaches a container as a runtime would. */
function attach(root: string, host: Namespace, container: Namespace): void {
  const conflist = readFileSync(`${root}/etc/cni/corral.d/10-corral.conflist`, 'utf8');
  const { cniVersion, name, plugins } = JSON.parse(conflist) as { cniVersion: string; name: string; plugins: object[] };
  const call = [`CORRAL_ROOT=${root}`, 'CNI_COMMAND=ADD', 'CNI_CONTAINERID=0123456789abcdef', 'CNI_IFNAME=eth0'];
  const program = new URL('../../../cni-plugins/standalone.ts', import.meta.url).pathname;
  const env = [...call, `CNI_NETNS=${container.path}`, 'CNI_PATH=/none', process.execPath, program];
  exec(host, 'env', env, JSON.stringify({ cniVersion, name, ...plugins[0] }));
}

function reaches(container: Namespace, address: string): boolean {
  try {
    return exec(container, 'ping', ['-c', '1', '-W', '1', address]) !== '';
  } catch {
    return false;
  }
}

t.test('networks are made, and a second process writes nothing', async (t) => {
  const host = makeHost(t);
  const keepers = startKeepers(t, host);
  keepers.send(objects);
  await keepers.becomes('ready');
  const bridge = linkOf(host, 'corral0');
  t.equal(bridge.address, '0a:58:0a:2a:07:01');
  t.equal(bridge.mtu, 1350, 'room for VXLAN below the uplink');
  t.equal(bridge.ifalias, 'corral:corral');
  t.ok(bridge.flags.includes('UP'));
  t.equal(bridge.linkinfo?.info_data?.vlan_filtering, 0);
  t.match(addressesOf(host, 'corral0'), '10.42.7.1/24');
  t.equal(linkOf(host, 'corral-back').mtu, 1400);
  t.match(routes(host), 'unreachable 10.42.0.0/16 proto 143 metric 4294967295');
  t.throws(() => exec(host, 'ip', ['route', 'get', '10.42.99.1']), /unreachable|No route/i, 'not by the uplink');
  t.equal(sysctl(host, 'net/ipv4/ip_forward'), '1');
  t.equal(sysctl(host, 'net/ipv4/conf/corral0/rp_filter'), '1');
  t.equal(sysctl(host, 'net/ipv6/conf/corral0/accept_ra'), '0');
  const path = `${keepers.root}/run/corral/blocks/corral.json`;
  t.match(parseBlockFile(readFileSync(path, 'utf8')), { network: 'corral', bridge: 'corral0', mtu: 1350 });
  const conflist = `${keepers.root}/etc/cni/corral.d/10-corral.conflist`;
  t.equal(statSync(conflist).mode & 0o777, 0o600);
  t.equal(statSync(`${keepers.root}/etc/cni/corral.d`).mode & 0o777, 0o700);
  const before = [
    bridge.ifindex,
    statSync(path).ino,
    statSync(conflist).ino,
    exec(host, 'nft', ['-s', '-a', 'list', 'ruleset']),
  ];
  await keepers.stop();
  t.ok(hasDevice(host, 'corral0'), 'stays when the daemon stops');
  const second = startKeepers(t, host, { root: keepers.root });
  second.send(objects);
  await second.becomes('ready');
  t.equal(await second.count('writes', 'networks'), 0);
  t.equal(await second.count('writes', 'rules'), 0);
  const after = [linkOf(host, 'corral0').ifindex, statSync(path).ino, statSync(conflist).ino];
  t.same([...after, exec(host, 'nft', ['-s', '-a', 'list', 'ruleset'])], before, 'nor was anything made anew');
});

t.test('what somebody removes is back within 3 s, and counted', async (t) => {
  const host = makeHost(t);
  const keepers = startKeepers(t, host);
  keepers.send(objects);
  await keepers.becomes('ready');
  const damage: [string, string[], () => unknown][] = [
    [
      'the bridge',
      ['link', 'del', 'corral0'],
      () => hasDevice(host, 'corral0') && addressesOf(host, 'corral0').includes('10.42.7.1/24'),
    ],
    [
      'its address',
      ['address', 'flush', 'dev', 'corral0'],
      () => addressesOf(host, 'corral0').includes('10.42.7.1/24'),
    ],
    [
      'the route',
      ['route', 'del', 'unreachable', '10.42.0.0/16', 'metric', '4294967295'],
      () => routes(host).includes('unreachable 10.42.0.0/16'),
    ],
    ['its state', ['link', 'set', 'corral0', 'down'], () => linkOf(host, 'corral0').flags.includes('UP')],
    ['its MTU', ['link', 'set', 'corral0', 'mtu', '1000'], () => linkOf(host, 'corral0').mtu === 1350],
    ['the uplink got larger', ['link', 'set', 'eth0', 'mtu', '1500'], () => linkOf(host, 'corral0').mtu === 1450],
  ];
  for (const [what, command, isBack] of damage) {
    exec(host, 'ip', command);
    await until(3_000, `${what} is back`, isBack);
  }
  t.ok((await keepers.count('healed', 'networks')) >= damage.length);
  await keepers.becomes('ready');
});

t.test('a bridge that was removed comes back with its containers', async (t) => {
  const host = makeHost(t);
  const container = makeNamespace(t, 'kp');
  const keepers = startKeepers(t, host);
  keepers.send(objects);
  await keepers.becomes('ready');
  attach(keepers.root, host, container);
  const answers = (): boolean => reaches(container, '10.42.7.1');
  t.ok(answers());
  const { ifindex } = linkOf(host, 'corral0');
  exec(host, 'ip', ['link', 'del', 'corral0']);
  await until(3_000, 'there is another bridge', () => {
    return hasDevice(host, 'corral0') && linkOf(host, 'corral0').ifindex !== ifindex;
  });
  t.ok(await until(3_000, 'the container reaches its gateway', answers));
  const [port] = execJson<{ locked?: boolean; hairpin?: boolean }>(host, 'bridge', ['link', 'show']);
  t.match(port, { locked: true, hairpin: true }, 'through a port as ADD made it');
  t.match(exec(host, 'ip', ['neigh', 'show', 'dev', 'corral0']), 'PERMANENT');
  await keepers.becomes('ready');
});

t.test('a block that another host holds by now: its containers keep their gateway', async (t) => {
  const host = makeHost(t);
  const container = makeNamespace(t, 'kl');
  const keepers = startKeepers(t, host);
  keepers.send(objects);
  await keepers.becomes('ready');
  attach(keepers.root, host, container);
  t.ok(reaches(container, '10.42.7.1'));
  const lost = [corral[0]!, block('corral', '10.42.7.0/24', otherHostId), block('corral', '10.42.9.0/24'), ...back];
  keepers.send(lost);
  await until(10_000, 'the new block is there', () => addressesOf(host, 'corral0').includes('10.42.9.1/24'));
  await until(10_000, 'the old range is not', () => !addressesOf(host, 'corral0').includes('10.42.7.1/24'));
  t.match(addressesOf(host, 'corral0'), '10.42.7.1/32');
  t.ok(reaches(container, '10.42.7.1'));
  t.ok(reaches(host, '10.42.7.2'), 'and the host reaches it');
  t.ok(reaches(container, '192.0.2.1'), 'through the gateway');
  // As the overlay does for the block's new host.
  exec(host, 'ip', ['route', 'add', '10.42.7.0/24', 'via', '192.0.2.2']);
  t.ok(reaches(host, '10.42.7.2'));
  keepers.send(objects);
  await until(10_000, 'it is ours again', () => addressesOf(host, 'corral0').includes('10.42.7.1/24'));
  t.ok(reaches(container, '10.42.7.1'));
});

t.test('a network that goes takes its bridge along, unless containers are attached', async (t) => {
  const host = makeHost(t);
  const container = makeNamespace(t, 'kc');
  const keepers = startKeepers(t, host);
  keepers.send(objects);
  await keepers.becomes('ready');
  connect({ ns: host, device: 'veth7' }, { ns: container, device: 'eth0' });
  exec(host, 'ip', ['link', 'set', 'veth7', 'master', 'corral-back']);
  keepers.send(corral, false);
  keepers.send(corral, true);
  const conditions = await keepers.becomes({ condition: 'networks', code: 'SUBNET_IN_USE' });
  t.match(conditions.find(({ name }) => name === 'networks')?.text, 'corral-back still has 1 ports');
  t.ok(hasDevice(host, 'corral-back'));
  t.notOk(existsSync(`${keepers.root}/run/corral/blocks/back.json`), 'but takes no new ones');
  t.notOk(existsSync(`${keepers.root}/etc/cni/back.d`));
  exec(host, 'ip', ['link', 'del', 'veth7']);
  exec(host, 'ip', ['link', 'set', 'corral0', 'mtu', '1000']); // any event makes it look
  await keepers.becomes('ready');
  t.notOk(hasDevice(host, 'corral-back'));
  t.notMatch(routes(host), '10.50.0.0/16');
});

t.test('a stale snapshot removes nothing, not even after a restart', async (t) => {
  const host = makeHost(t);
  const keepers = startKeepers(t, host);
  keepers.send(objects);
  await keepers.becomes('ready');
  await keepers.stop();
  const rules = exec(host, 'iptables-save', []).replaceAll(/\[\d+:\d+\]|^#.*$/gm, '');
  const second = startKeepers(t, host, { root: keepers.root });
  second.send(corral, false);
  await second.becomes('ready');
  t.ok(hasDevice(host, 'corral-back'));
  t.ok(existsSync(`${keepers.root}/run/corral/blocks/back.json`));
  t.equal(exec(host, 'iptables-save', []).replaceAll(/\[\d+:\d+\]|^#.*$/gm, ''), rules);
  exec(host, 'ip', ['link', 'del', 'corral0']);
  await until(3_000, 'it adds', () => hasDevice(host, 'corral0'));
});

t.test('devices and routes that stand in the way', async (t) => {
  const host = makeHost(t);
  exec(host, 'ip', ['link', 'add', 'corral0', 'type', 'veth', 'peer', 'name', 'other']);
  exec(host, 'ip', ['link', 'set', 'eth0', 'up']);
  exec(host, 'ip', ['route', 'add', '10.50.3.0/24', 'dev', 'eth0']);
  const keepers = startKeepers(t, host);
  const third = [network('third', '10.70.0.0/16'), block('third', '10.70.1.0/24')];
  keepers.send([...objects, ...third]);
  const conditions = await keepers.becomes({ condition: 'networks', code: 'SUBNET_OVERLAP' });
  const text = conditions.find(({ name }) => name === 'networks')!.text;
  t.match(text, "10.50.0.0/16 overlaps the host's route 10.50.3.0/24 through eth0; 10.44.0.0/16 is free");
  t.match(text, 'corral0 is a device of kind veth');
  t.ok(hasDevice(host, 'corral-third'), 'the third network is there');
  t.notOk(hasDevice(host, 'corral-back'));
  t.notOk(existsSync(`${keepers.root}/run/corral/blocks/back.json`));
  await until(5_000, 'rules of the third', () => exec(host, 'iptables-save', []).includes('10.70.0.0/16'));
  t.notMatch(exec(host, 'iptables-save', []), /10\.50\.|10\.42\./, 'no rule speaks of the refused ranges');
  exec(host, 'ip', ['link', 'del', 'corral0']);
  exec(host, 'ip', ['route', 'del', '10.50.3.0/24']);
  await keepers.becomes('ready');
  t.ok(hasDevice(host, 'corral-back'), 'recovers alone');
  await until(5_000, 'and its rules', () => exec(host, 'iptables-save', []).includes('10.50.0.0/16'));
});

t.test('a configuration that a person took over stays', async (t) => {
  const host = makeHost(t);
  const keepers = startKeepers(t, host);
  const path = `${keepers.root}/etc/cni/corral.d/10-corral.conflist`;
  mkdirSync(`${keepers.root}/etc/cni/corral.d`, { recursive: true });
  writeFileSync(path, '{"mine":true}');
  keepers.send(corral);
  await keepers.becomes('ready');
  keepers.send(back);
  await until(5_000, 'the network is gone', () => !hasDevice(host, 'corral0'));
  t.equal(readFileSync(path, 'utf8'), '{"mine":true}');
});
