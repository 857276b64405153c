// A host, its containers and its neighbours with IPv6 beside IPv4: what gets where, with real packets.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import t from 'tap';
import { block, container, hostId, network } from '../../unit/support/snapshots.ts';
import { connect, exec, isRoot, makeNamespace, type Namespace, type TestScope, until } from '../support/namespaces.ts';
import { type RunningKeepers, startKeepers } from './support/keepers.ts';
import { ask, serve } from './support/lab.ts';

if (!isRoot) t.plan(0, 'needs root');
t.setTimeout(170_000);

const service = 'fd00:a9fe:a9fe::250';
const objects = [
  network('corral', '10.42.0.0/16', { isDefault: true, subnet6: 'fd42::/48' }),
  block('corral', '10.42.7.0/24', hostId, { cidr6: 'fd42:0:0:7::/64' }),
  network('back', '10.50.0.0/16', { subnet6: 'fd50::/48' }),
  block('back', '10.50.1.0/24', hostId, { cidr6: 'fd50:0:0:1::/64' }),
];

interface Lab {
  readonly host: Namespace;
  /** 2001:db8::2, which knows nothing of the containers' ranges. */
  readonly neighbour: Namespace;
  /** fd42:0:0:7::9 and ::10 on corral0. */
  readonly one: Namespace;
  readonly two: Namespace;
  /** fd50:0:0:1::9 on corral-back. */
  readonly back: Namespace;
  readonly keepers: RunningKeepers;
}

async function makeLab(t: TestScope): Promise<Lab> {
  const names = ['host', 'neighbour', 'one', 'two', 'back'] as const;
  const spaces = Object.fromEntries(names.map((name) => [name, makeNamespace(t, `s${name.slice(0, 2)}`)]));
  const { host, neighbour, one, two, back } = spaces as Record<(typeof names)[number], Namespace>;
  connect(
    { ns: host, device: 'eth0', address: '192.0.2.1/24' },
    { ns: neighbour, device: 'eth0', address: '192.0.2.2/24' },
  );
  exec(host, 'ip', ['address', 'add', '2001:db8::1/64', 'dev', 'eth0', 'nodad']);
  exec(neighbour, 'ip', ['address', 'add', '2001:db8::2/64', 'dev', 'eth0', 'nodad']);
  exec(host, 'ip', ['route', 'add', 'default', 'via', '2001:db8::2']);
  exec(host, 'ip', ['address', 'add', `${service}/128`, 'dev', 'lo']);
  exec(neighbour, 'ip', ['route', 'add', service, 'via', '2001:db8::1']);
  // What gets through, our rules let through.
  exec(host, 'ip6tables', ['-P', 'FORWARD', 'DROP']);
  const keepers = startKeepers(t, host);
  keepers.send(objects);
  await keepers.becomes('ready');
  plug(host, one, 'corral0', 'va', 'fd42:0:0:7::9/64', 'fd42:0:0:7::1');
  plug(host, two, 'corral0', 'vb', 'fd42:0:0:7::10/64', 'fd42:0:0:7::1');
  plug(host, back, 'corral-back', 'vc', 'fd50:0:0:1::9/64', 'fd50:0:0:1::1');
  await until(10_000, 'both networks are reached', () => {
    const answers = [one, two].map((ns) => ask(ns, 'tcp', 'fd42:0:0:7::1', 9));
    return [...answers, ask(back, 'tcp', 'fd50:0:0:1::1', 9)].every((text) => text === 'ECONNREFUSED');
  });
  return { host, neighbour, one, two, back, keepers };
}

function plug(host: Namespace, ns: Namespace, bridge: string, veth: string, address: string, gateway: string): void {
  connect({ ns: host, device: veth }, { ns, device: 'eth0' });
  exec(host, 'ip', ['link', 'set', veth, 'master', bridge]);
  exec(host, 'bridge', ['link', 'set', 'dev', veth, 'hairpin', 'on']); // as ADD does
  exec(ns, 'ip', ['address', 'add', address, 'dev', 'eth0', 'nodad']);
  exec(ns, 'ip', ['route', 'add', 'default', 'via', gateway]);
}

/** Within one machine the refusal may come while the caller's socket is busy; then TCP hears of it at its second attempt. */
const refused = /^E|^TIMEOUT/;
const saved = (host: Namespace): string => exec(host, 'ip6tables-save', []);

t.test('containers outside, among each other, and towards the service address', async (t) => {
  const { host, neighbour, one, two, back } = await makeLab(t);
  await serve(t, neighbour, '::', 7000);
  await serve(t, two, '::', 7000);
  await serve(t, back, '::', 7000);
  await serve(t, host, service, 53, 80, 81);
  for (const protocol of ['tcp', 'udp'] as const) {
    t.equal(ask(one, protocol, '2001:db8::2', 7000), '2001:db8::1', `${protocol}: outside it has the host's address`);
    t.equal(ask(one, protocol, 'fd42:0:0:7::10', 7000), 'fd42:0:0:7::9', `${protocol}: its own to a sibling`);
    t.equal(ask(one, protocol, 'fd50:0:0:1::9', 7000), 'fd42:0:0:7::9', `${protocol}: and to another network`);
    t.equal(ask(one, protocol, service, 53), 'fd42:0:0:7::9', `${protocol}: DNS sees who asks`);
    t.equal(ask(host, protocol, service, 53), service, `${protocol}: the host too may ask`);
    t.match(ask(neighbour, protocol, service, 53), refused, `${protocol}: a neighbour is refused`);
  }
  t.equal(ask(one, 'tcp', service, 80), 'fd42:0:0:7::9', 'metadata');
  t.match(ask(one, 'tcp', service, 81), refused, 'nothing else at this address');
  ask(one, 'udp', service, 53, 50);
  const flows = exec(host, 'conntrack', ['-L', '-f', 'ipv6', '-p', 'udp']);
  t.notMatch(flows, 'dport=53 ', 'queries are not tracked');
  t.equal(exec(host, 'sysctl', ['-n', 'net.ipv6.conf.all.forwarding']).trim(), '1');
  t.match(exec(host, 'ip', ['-6', 'route', 'show', 'proto', '143']), /unreachable fd42::\/48.*metric 4294967295/);
});

t.test('published ports', async (t) => {
  const { host, neighbour, one, two, keepers } = await makeLab(t);
  const dual = container(
    'dual',
    '10.42.7.9',
    ['0.0.0.0:8080:80/tcp', '[::]:8081:80/udp', '[2001:db8::1]:9090:80/tcp'],
    {
      ips: ['10.42.7.9', 'fd42:0:0:7::9'],
    },
  );
  await serve(t, one, '::', 80);
  await serve(t, host, '::', 7777);
  keepers.send([...objects, dual]);
  await until(10_000, 'the ports are published', () => saved(host).split('[fd42:0:0:7::9]:80').length === 4);
  const [own, gateway] = ['2001:db8::1', 'fd42:0:0:7::1'];
  t.equal(ask(neighbour, 'tcp', own, 8080), '2001:db8::2', 'a neighbour keeps its address');
  t.equal(ask(neighbour, 'udp', own, 8081), '2001:db8::2');
  t.equal(ask(neighbour, 'tcp', own, 9090), '2001:db8::2', 'on one address');
  t.equal(ask(host, 'tcp', own, 8080), own, 'the host by its own address');
  t.equal(ask(two, 'tcp', own, 8080), gateway, 'a sibling');
  t.equal(ask(one, 'tcp', own, 8080), gateway, 'itself');
  t.match(ask(two, 'tcp', gateway, 9090), /^E/, 'a port on another address');
  t.match(ask(two, 'tcp', service, 8080), refused, 'nothing is published on the service address');
  t.match(
    exec(host, 'iptables-save', ['-t', 'nat']),
    /--dport 8080 .*--to-destination 10\.42\.7\.9:80/,
    'IPv4 beside it',
  );
  t.notMatch(exec(host, 'iptables-save', ['-t', 'nat']), '--dport 8081');

  keepers.send([...objects, { ...dual, ports: [] }]);
  await until(10_000, 'withdrawn', () => !saved(host).includes('DNAT --to'));
  t.match(ask(neighbour, 'tcp', own, 8080), 'ECONNREFUSED');
});

t.test('a conversation by UDP follows its port to another container', async (t) => {
  const { host, neighbour, one, two, keepers } = await makeLab(t);
  const start = (ns: Namespace, program: string, ...args: string[]): string[] => {
    const path = new URL(`./support/${program}.ts`, import.meta.url).pathname;
    const child = spawn('/usr/sbin/ip', ['netns', 'exec', ns.name, process.execPath, path, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines: string[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
    t.teardown(async () => {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    });
    return lines;
  };
  const servers = [start(one, 'named-server', 'A', '80'), start(two, 'named-server', 'B', '80')];
  await until(20_000, 'both serve', () => servers.every((lines) => lines.includes('up')));
  const at = (name: string, ip: string): ReturnType<typeof container> =>
    container(name, '10.42.7.9', ['[::]:8080:80/udp'], { ips: [ip] });
  keepers.send([...objects, at('a', 'fd42:0:0:7::9')]);
  await until(10_000, 'published', () => saved(host).includes('[fd42:0:0:7::9]:80'));
  const heard = start(neighbour, 'talker', 'udp', '2001:db8::1', '8080');
  await until(20_000, 'A answers', () => heard.at(-1) === 'A');
  keepers.send([...objects, at('b', 'fd42:0:0:7::10')]);
  await until(20_000, 'B answers', () => heard.at(-1) === 'B');
  await keepers.becomes({ condition: 'flows', code: null });
});

t.test('rules that somebody flushed come back, and all go with the last network that has IPv6', async (t) => {
  const { host, keepers } = await makeLab(t);
  const wanted = saved(host)
    .split('\n')
    .filter((line) => line.includes('corral:')).length;
  t.ok(wanted > 15);
  exec(host, 'ip6tables', ['-F']);
  exec(host, 'ip6tables', ['-t', 'nat', '-F', 'CATTLE_NAT_POSTROUTING']);
  await until(
    20_000,
    'healed',
    () =>
      saved(host)
        .split('\n')
        .filter((line) => line.includes('corral:')).length === wanted,
  );
  t.same(
    (await keepers.diff()).keepers.flatMap(({ changes }) => changes),
    [],
  );
  keepers.send([
    network('corral', '10.42.0.0/16', { isDefault: true }),
    block('corral', '10.42.7.0/24'),
    network('back', '10.50.0.0/16'),
    block('back', '10.50.1.0/24'),
  ]);
  await until(20_000, 'nothing of ours is left', () => !saved(host).includes('corral:'));
  await until(20_000, 'nor an address', () => !exec(host, 'ip', ['-6', 'address', 'show']).includes('fd42'));
  t.notMatch(exec(host, 'ip', ['-6', 'route', 'show']), 'unreachable fd42');
  t.notOk(
    (await keepers.becomes('ready')).some(({ name }) => name === 'rules-ipv6'),
    'and nothing is said of it',
  );
  await keepers.becomes('ready');
});
