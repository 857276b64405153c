// F6: somebody damages the tunnel, its entries or the uplink while containers talk.
import t from 'tap';
import {
  cluster,
  hostObject,
  kernelState,
  linkShown,
  makeContainer,
  makeHost,
  makeSwitch,
  patience,
  pings,
  plug,
  portOf,
  startAll,
} from '../netns/overlay/support/hosts.ts';
import { exec, isRoot, type Namespace, until } from '../netns/support/namespaces.ts';

if (!isRoot) t.plan(0, 'needs root');
t.setTimeout(170_000);

/** Of the promise; what was measured is printed, and asserted only as far as a loaded machine allows. */
const limitMs = 3_000;

const damages: readonly (readonly [string, readonly (readonly string[])[]])[] = [
  ['the device deleted', [['ip', 'link', 'del', 'vtep1042']]],
  ['the device down', [['ip', 'link', 'set', 'vtep1042', 'down']]],
  ['another MAC', [['ip', 'link', 'set', 'vtep1042', 'address', '0e:00:00:00:00:01']]],
  ['another MTU', [['ip', 'link', 'set', 'vtep1042', 'mtu', '1300']]],
  ['another local address', [['ip', 'link', 'set', 'vtep1042', 'type', 'vxlan', 'local', '192.168.50.200']]],
  ['learning switched on', [['ip', 'link', 'set', 'vtep1042', 'type', 'vxlan', 'learning']]],
  ['its routes flushed', [['ip', 'route', 'flush', 'dev', 'vtep1042']]],
  ['its neighbours flushed', [['ip', 'neigh', 'flush', 'dev', 'vtep1042', 'nud', 'permanent']]],
  [
    'its forwarding entries removed',
    [['bridge', 'fdb', 'del', 'MAC2', 'dev', 'vtep1042', 'dst', '192.168.50.12', 'self']],
  ],
  [
    'a forwarding entry to a wrong host',
    [['bridge', 'fdb', 'replace', 'MAC2', 'dev', 'vtep1042', 'dst', '192.168.50.77', 'self', 'permanent']],
  ],
  [
    'a neighbour with a wrong MAC',
    [['ip', 'neigh', 'replace', '10.42.2.0', 'lladdr', '0e:00:00:00:00:02', 'dev', 'vtep1042', 'nud', 'permanent']],
  ],
  ['a route to the wrong side', [['ip', 'route', 'replace', 'blackhole', '10.42.2.0/24', 'proto', '143']]],
  ['the device put into a bridge', [['ip', 'link', 'set', 'vtep1042', 'master', 'corral0']]],
  [
    'the device made by others, with another VNI',
    [
      ['ip', 'link', 'del', 'vtep1042'],
      ['ip', 'link', 'add', 'vtep1042', 'type', 'vxlan', 'id', '99', 'dstport', '8472', 'local', '192.168.50.11'],
    ],
  ],
  [
    'the device made by the original',
    [
      ['ip', 'link', 'del', 'vtep1042'],
      [
        'ip',
        'link',
        'add',
        'vtep1042',
        'type',
        'vxlan',
        'id',
        '1042',
        'dstport',
        '4789',
        'proxy',
        'rsc',
        'l2miss',
        'l3miss',
      ],
    ],
  ],
];

t.test('every damage to the tunnel heals', async (t) => {
  const sw = makeSwitch(t);
  const hosts = await Promise.all([1, 2].map((number) => makeHost(t, sw, number, cluster(2))));
  const [h1, h2] = [hosts[0]!, hosts[1]!];
  await startAll(t, hosts);
  const c1 = makeContainer(t, h1, '10.42.1.5/24', { gateway: '10.42.1.1' });
  makeContainer(t, h2, '10.42.2.5/24', { gateway: '10.42.2.1' });
  await until(patience, 'container reaches container', () => pings(c1, '10.42.2.5'));
  const whole = kernelState(h1);
  const link = shape(h1);
  const mac = whole.find((line) => line.includes('192.168.50.12'))!.split(' ')[0]!;
  exec(h1.ns, 'ip', ['route', 'add', '198.51.100.0/24', 'via', '192.168.50.77', 'dev', 'eth0', 'proto', 'static']);
  for (const [what, commands] of damages) {
    await damage(
      h1.ns,
      commands.map((one) => one.map((arg) => (arg === 'MAC2' ? mac : arg))),
    );
    const start = performance.now();
    await until(patience, `healed: ${what}`, () => same(whole, kernelState(h1, 'vtep1042')) && same(link, shape(h1)));
    const took = performance.now() - start;
    t.comment(`${what}: ${Math.round(took)} ms${took > limitMs ? ' (slow)' : ''}`);
    await until(patience, `traffic: ${what}`, () => pings(c1, '10.42.2.5'));
  }
  t.match(exec(h1.ns, 'ip', ['route', 'show', '198.51.100.0/24']), 'via 192.168.50.77', 'others’ routes stay');
});

t.test('the uplink made anew, and with another address: peers follow', async (t) => {
  const sw = makeSwitch(t);
  const hosts = await Promise.all([1, 2].map((number) => makeHost(t, sw, number, cluster(2))));
  const [h1, h2] = [hosts[0]!, hosts[1]!];
  await startAll(t, hosts);
  const c1 = makeContainer(t, h1, '10.42.1.5/24', { gateway: '10.42.1.1' });
  makeContainer(t, h2, '10.42.2.5/24', { gateway: '10.42.2.1' });
  await until(patience, 'container reaches container', () => pings(c1, '10.42.2.5'));

  exec(sw, 'ip', ['link', 'del', portOf(h2)]);
  await until(patience, 'the way is cut', () => !pings(c1, '10.42.2.5'));
  plug(sw, h2.ns, ['192.168.50.12/24']);
  await until(patience, 'the same address on a new device', () => pings(c1, '10.42.2.5'));

  exec(h2.ns, 'ip', ['addr', 'del', '192.168.50.12/24', 'dev', 'eth0']);
  exec(h2.ns, 'ip', ['addr', 'add', '192.168.50.32/24', 'dev', 'eth0']);
  for (const host of hosts) host.metadata.change([hostObject(2, { agentIp: '192.168.50.32' })]);
  const start = performance.now();
  await until(patience, 'another address', () => pings(c1, '10.42.2.5'));
  t.comment(`followed after ${Math.round(performance.now() - start)} ms`);
  await until(patience, 'the tunnel leaves from it', () => linkShown(h2)?.linkinfo.info_data.local === '192.168.50.32');
  t.same(
    kernelState(h1)
      .filter((line) => line.includes('dst'))
      .map((line) => line.split(' ').slice(1).join(' ')),
    ['dst 192.168.50.32 self permanent'],
    'and nothing leads to the former one',
  );
});

/** Several commands go in one batch; where the healing comes in between, again. */
async function damage(ns: Namespace, commands: readonly (readonly string[])[]): Promise<void> {
  const [[command, ...args] = []] = commands;
  if (commands.length === 1) return void exec(ns, command!, args);
  const batch = commands.map((one) => one.slice(1).join(' ')).join('\n');
  await until(patience, 'the damage is done', () => {
    try {
      exec(ns, 'ip', ['-batch', '-'], `${batch}\n`);
      return true;
    } catch {
      return false;
    }
  });
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** What a device has to be, without what differs each time that it is made. */
function shape(host: Parameters<typeof linkShown>[0]): unknown {
  const link = linkShown(host);
  if (!link) return undefined;
  const { mtu, address, ifalias, master, flags, linkinfo } = link;
  const { id, port, local, learning, proxy, rsc } = linkinfo.info_data;
  return { mtu, address, ifalias, master, up: flags.includes('UP'), id, port, local, learning, proxy, rsc };
}
