import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { vtepMac } from '../../../daemons/shared/model/mac.ts';
import { exec, isRoot, makeNamespace, type Namespace, type TestScope, until } from '../support/namespaces.ts';
import {
  blockObject,
  cluster,
  hostIdOf,
  hostObject,
  makeContainer,
  makeHost,
  makeSwitch,
  patience,
  pings,
  plug,
  startAll,
} from './support/hosts.ts';

if (!isRoot) t.plan(0, 'needs root');
t.setTimeout(120_000);

/** Packets that a rule for the source has counted in a container. */
function received(container: Namespace, from: string): number {
  const line = exec(container, 'iptables', ['-nvxL', 'INPUT'])
    .split('\n')
    .find((one) => one.includes(from));
  return Number(line?.trim().split(/\s+/)[0] ?? 0);
}

/** Somebody on the same switch with a tunnel of a VNI to the first host. */
function makeStranger(t: TestScope, sw: Namespace, vni: number, inside: string): Namespace {
  const ns = makeNamespace(t, 'x');
  plug(sw, ns, ['192.168.50.99/24']);
  exec(ns, 'ip', [
    'link',
    'add',
    'vx',
    'type',
    'vxlan',
    'id',
    String(vni),
    'dstport',
    '4789',
    'remote',
    '192.168.50.11',
  ]);
  exec(ns, 'ip', ['link', 'set', 'vx', 'up']);
  exec(ns, 'ip', ['addr', 'add', inside, 'dev', 'vx']);
  return ns;
}

t.test('a stranger’s packets of our VNI are dropped; another VNI on the port is left alone', async (t) => {
  const sw = makeSwitch(t);
  const hosts = await Promise.all([1, 2].map((number) => makeHost(t, sw, number, cluster(2))));
  const [h1, h2] = [hosts[0]!, hosts[1]!];
  await startAll(t, hosts);
  const container = makeContainer(t, h1, '10.42.1.5/24', { gateway: '10.42.1.1' });
  exec(container, 'iptables', ['-A', 'INPUT', '-s', '10.42.2.66']);
  const send = (from: Namespace): void => {
    exec(from, 'sh', ['-c', 'ping -c 3 -i 0.2 -W 1 10.42.1.5 >/dev/null || true']);
  };

  // What the packets claim to be is the second host's; who sends them is a peer first, and a stranger then.
  const stranger = makeStranger(t, sw, 1042, '10.42.2.66/16');
  exec(stranger, 'ip', ['neigh', 'add', '10.42.1.5', 'lladdr', vtepMac(hostIdOf(1)), 'dev', 'vx']);
  h1.metadata.change([hostObject(9, { agentIp: '192.168.50.99' }), blockObject(9)]);
  await until(patience, 'a peer’s packets arrive', () => {
    send(stranger);
    return received(container, '10.42.2.66') > 0;
  });
  h1.metadata.change([], [`host/${hostIdOf(9)}`, 'block/corral/10.42.9.0/24']);
  await until(patience, 'a stranger’s do not', () => {
    const before = received(container, '10.42.2.66');
    send(stranger);
    return received(container, '10.42.2.66') === before;
  });
  t.match(exec(h1.ns, 'ip', ['route', 'get', '10.42.2.66']), 'vtep1042', 'though the address is a peer’s');

  exec(h1.ns, 'ip', [
    'link',
    'add',
    'swarm',
    'type',
    'vxlan',
    'id',
    '7777',
    'dstport',
    '4789',
    'remote',
    '192.168.50.99',
  ]);
  exec(h1.ns, 'ip', ['link', 'set', 'swarm', 'up']);
  exec(h1.ns, 'ip', ['addr', 'add', '10.99.0.1/24', 'dev', 'swarm']);
  exec(stranger, 'ip', ['link', 'del', 'vx']);
  exec(stranger, 'ip', [
    'link',
    'add',
    'vx',
    'type',
    'vxlan',
    'id',
    '7777',
    'dstport',
    '4789',
    'remote',
    '192.168.50.11',
  ]);
  exec(stranger, 'ip', ['link', 'set', 'vx', 'up']);
  exec(stranger, 'ip', ['addr', 'add', '10.99.0.2/24', 'dev', 'vx']);
  await until(patience, 'the other VNI works', () => pings(stranger, '10.99.0.1'));
  makeContainer(t, h2, '10.42.2.5/24', { gateway: '10.42.2.1' });
  await until(patience, 'and so does ours', () => pings(container, '10.42.2.5'));
  t.ok(exec(h1.ns, 'ip', ['-d', 'link', 'show', 'swarm']).includes('7777'), 'the foreign device stays');
});

t.test('tunnels are not tracked, pass a closed firewall, and segments fit a smaller way', async (t) => {
  const sw = makeSwitch(t);
  const hosts = await Promise.all([1, 2].map((number) => makeHost(t, sw, number, cluster(2))));
  const [h1, h2] = [hosts[0]!, hosts[1]!];
  for (const { ns } of hosts) {
    for (const chain of ['INPUT', 'FORWARD']) exec(ns, 'iptables', ['-P', chain, 'DROP']);
    const established = ['-m', 'conntrack', '--ctstate', 'ESTABLISHED', '-j', 'ACCEPT'];
    exec(ns, 'iptables', ['-A', 'INPUT', ...established]);
    exec(ns, 'iptables', ['-A', 'FORWARD', '-i', 'corral0', '-j', 'ACCEPT']); // as network-manager does
    exec(ns, 'iptables', ['-A', 'FORWARD', ...established]);
    exec(ns, 'ip', ['route', 'add', ns === h1.ns ? '192.168.50.12' : '192.168.50.11', 'dev', 'eth0', 'mtu', '1300']);
  }
  const daemons = await startAll(t, hosts);
  const c1 = makeContainer(t, h1, '10.42.1.5/24', { gateway: '10.42.1.1' });
  const c2 = makeContainer(t, h2, '10.42.2.5/24', { gateway: '10.42.2.1' });
  await until(patience, 'container reaches container', () => pings(c1, '10.42.2.5'));
  t.match(exec(h1.ns, 'ip', ['route', 'show', '10.42.2.0/24']), 'mtu 1250');
  const flows = (): string => exec(h1.ns, 'conntrack', ['-L', '-p', 'udp']);
  t.notMatch(flows(), 'dport=4789');
  await until(patience, 'probes pass too', async () => {
    const [peer] = await daemons[0]!.get<{ state: string }[]>('/v1/peers');
    return peer?.state === 'up';
  });

  const capture = spawn('ip', [
    'netns',
    'exec',
    c2.name,
    'timeout',
    '20',
    'tcpdump',
    '-nlc',
    '1',
    '-i',
    'eth0',
    'tcp[13] == 2',
  ]);
  let seen = '';
  capture.stdout.on('data', (chunk) => {
    seen += chunk;
  });
  await once(capture.stderr, 'data');
  exec(c1, 'sh', ['-c', 'timeout 2 bash -c "exec 3<>/dev/tcp/10.42.2.5/9" 2>/dev/null || true']);
  await until(patience, 'a segment is seen', () => seen.includes('mss'));
  t.match(seen, 'mss 1210', 'the segment size fits 1,250 bytes');
  capture.kill();
});

t.test('rules that somebody removes are put back', async (t) => {
  const sw = makeSwitch(t);
  const host = await makeHost(t, sw, 1, cluster(2));
  const [daemon] = await startAll(t, [host]);
  const saved = (): string => exec(host.ns, 'iptables-save', []).replaceAll(/^#.*\n|\[\d+:\d+\]/gm, '');
  const whole = saved();
  t.match(whole, 'CATTLE_OVERLAY_PEERS');
  await until(patience, 'its own echo is over', async () => (await daemon!.count('passes', 'overlay-rules')) >= 3);
  for (const table of ['raw', 'mangle', 'filter']) exec(host.ns, 'iptables', ['-t', table, '-F']);
  await until(patience, 'all rules are back', () => saved() === whole);
  t.ok((await daemon!.count('healed', 'overlay-rules')) > 0);
});
