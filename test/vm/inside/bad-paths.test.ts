// Two hosts with a router between them that makes a bad way: tunnels that the kernel encrypts, by IPsec and by WireGuard, while
// packets overtake each other and are lost, the router translates and changes its ports, an uplink has no address for a moment, a host moves, and
// uplinks carry less or more than usual (F17).
import { execFile } from 'node:child_process';
import t, { type Test } from 'tap';
import { fragmentsOf, transfer, watchFragments } from '../../netns/overlay/support/bulk.ts';
import { hostObject, linkShown, makeSwitch, pings } from '../../netns/overlay/support/hosts.ts';
import { farAddress, makeRouter, settleFar, settleNear } from '../../netns/overlay/support/router.ts';
import { makeSecretHosts, plain, type SecretDriver, soon } from '../../netns/overlay/support/secret-hosts.ts';
import { exec, type Namespace, until } from '../../netns/support/namespaces.ts';

t.setTimeout(540_000);

const megabytes = Number(process.env.FAULT_MEGABYTES ?? 10);
/** What is left free of the uplink: WireGuard's device is for IPv4 outside, a container's for both families. */
const overheads = { ipsec: { device: 98, container: 98 }, wireguard: { device: 60, container: 80 } } as const;
const devices = { ipsec: 'xfrm1042', wireguard: 'wg1042' } as const;
const settings = { CORRAL_OVERLAY_IPSEC_CHILD_REKEY: '15', CORRAL_OVERLAY_IPSEC_DPD: '2' };

for (const driver of ['ipsec', 'wireguard'] as const) {
  t.test(driver, (whole) => badPaths(whole, driver));
}

/** MTUs to try. */
const uplinks = [1_400, 1_500, 9_000];

async function badPaths(whole: Test, driver: SecretDriver): Promise<void> {
  const [near, far] = [makeSwitch(whole), makeSwitch(whole)];
  const router = makeRouter(whole, near, far);
  router.translate(20_000, 20_999);
  impair(router.ns, 'loss', '2%');
  const { hosts, containers } = await makeSecretHosts(whole, {
    driver,
    switches: [near, far],
    env: settings,
    objects: [hostObject(2, { agentIp: farAddress(2) })],
    prepare: ([h1, h2]) => {
      settleNear(h1!);
      settleFar(h2!);
    },
  });
  const [h1, h2] = [hosts[0]!, hosts[1]!];
  const [c1, c2] = containers as [Namespace, Namespace];

  await whole.test('the far one comes through the translation, though packets are lost', async (t) => {
    await untilBack(t, 'connected');
    for (const host of hosts) t.ok(linkShown(host, devices[driver]), 'the network has a device of its own');
    if (driver === 'ipsec') t.match(exec(h1.ns, 'ip', ['xfrm', 'state']), /encap type espinudp sport 20\d\d\d/);
  });

  await whole.test('2 % are lost, and what is agreed is agreed anew', async (t) => {
    const before = new Set(spis(h1.ns));
    const answers = ask(c2, plain(1), 200, 0.05);
    if (driver === 'ipsec') await until(soon, 'all are others', () => spis(h1.ns).every((spi) => !before.has(spi)));
    const answered = (await answers).length;
    mend(router.ns);
    t.comment(`${200 - answered} of 200 packets lost, 50 ms apart`);
    t.ok(answered >= 170);
  });

  await whole.test('packets that overtake each other by hundreds are none that were seen', async (t) => {
    const [before1, before2] = hosts.map(({ ns }) => refusedBy(ns));
    impair(router.ns, 'delay', '500ms', '450ms');
    const orders = await ask(c1, plain(2), 1_000, 0.002);
    mend(router.ns);
    let last = 0;
    let furthest = 0;
    for (const order of orders) {
      last = Math.max(last, order);
      furthest = Math.max(furthest, last - order);
    }
    t.comment(`${orders.length} of 1000 came back, overtaken by ${furthest} at most`);
    t.ok(furthest > 64, 'further than the smallest windows');
    t.equal(orders.length, 1_000);
    t.same([refusedBy(h1.ns), refusedBy(h2.ns)], [before1, before2]);
    if (driver === 'ipsec') t.match(exec(h1.ns, 'ip', ['xfrm', 'state']), /replay_window 1024/);
  });

  await whole.test('the router has other ports', async (t) => {
    router.translate(30_000, 30_999);
    await untilBack(t, 'back');
    if (driver === 'ipsec') t.match(exec(h1.ns, 'ip', ['xfrm', 'state']), /encap type espinudp sport 30\d\d\d/);
  });

  await whole.test('an uplink loses its address for a moment', async (t) => {
    router.open();
    await untilBack(t, 'without translation');
    exec(h2.ns, 'ip', ['addr', 'flush', 'dev', 'eth0']);
    await ask(c2, plain(1), 3, 1);
    settleFar(h2);
    await untilBack(t, 'back');
  });

  await whole.test('a peer moves', async (t) => {
    exec(h2.ns, 'ip', ['addr', 'flush', 'dev', 'eth0']);
    exec(h2.ns, 'ip', ['addr', 'add', '192.168.60.112/24', 'dev', 'eth0']);
    exec(h2.ns, 'ip', ['route', 'add', 'default', 'via', '192.168.60.1']);
    for (const host of hosts) host.metadata.change([hostObject(2, { agentIp: '192.168.60.112' })]);
    await untilBack(t, 'by its new record');
  });

  for (const uplink of uplinks) {
    await whole.test(`F17: uplinks of ${uplink} bytes`, async (t) => {
      for (const ns of [router.ns, near, far, h1.ns, h2.ns]) setMtu(ns, uplink);
      const inner = uplink - overheads[driver].container;
      const outer = uplink - overheads[driver].device;
      await until(soon, `the tunnel's device has ${outer}`, () =>
        hosts.every((host) => linkShown(host, devices[driver])?.mtu === outer),
      );
      for (const [at, ns] of containers.entries()) {
        const { ns: host } = hosts[at]!;
        for (const device of [`v${ns.name.slice(-8)}`, 'corral0'])
          exec(host, 'ip', ['link', 'set', device, 'mtu', String(Math.max(inner, 1_450))]);
        exec(ns, 'ip', ['link', 'set', 'eth0', 'mtu', String(inner)]);
      }
      // One of the two believes in more.
      exec(c2, 'ip', ['link', 'set', 'eth0', 'mtu', String(Math.max(inner, 1_450))]);
      const seen = await watchFragments(t, router.ns);
      const before = hosts.map(({ ns }) => fragmentsOf(ns));
      await until(soon, 'the largest packet of a container', () => pings(c1, plain(2), inner));
      const began = performance.now();
      t.equal(await transfer(c1, c2, plain(2), megabytes << 20), megabytes << 20);
      t.equal(await transfer(c2, c1, plain(1), megabytes << 20), megabytes << 20);
      t.comment(`2 x ${megabytes} MiB in ${Math.round(performance.now() - began)} ms`);
      t.same(
        hosts.map(({ ns }) => fragmentsOf(ns)),
        before,
      );
      t.same(seen().slice(0, 3), []);
    });
  }

  async function untilBack(t: Test, what: string): Promise<void> {
    const began = performance.now();
    await until(
      soon,
      what,
      async () => (await ask(c2, plain(1), 1, 1)).length + (await ask(c1, plain(2), 1, 1)).length === 2,
    );
    t.comment(`${what} after ${Math.round(performance.now() - began)} ms`);
  }
}

const setMtu = (ns: Namespace, mtu: number): void => {
  const script = `for one in $(ls /sys/class/net | grep -v lo); do case $one in eth0|near|far|router|p*|sw0) ip link set $one mtu ${mtu};; esac; done`;
  exec(ns, 'sh', ['-c', script]);
};

function impair(router: Namespace, ...how: string[]): void {
  for (const device of ['near', 'far'])
    exec(router, 'tc', ['qdisc', 'replace', 'dev', device, 'root', 'netem', ...how]);
}

function mend(router: Namespace): void {
  for (const device of ['near', 'far']) exec(router, 'tc', ['qdisc', 'del', 'dev', device, 'root']);
}

/** Packets that the kernel has taken for repeated ones (/proc/net/xfrm_stat). */
function refusedBy(ns: Namespace): number {
  return Number(/XfrmInStateSeqError\s+(\d+)/.exec(exec(ns, 'cat', ['/proc/net/xfrm_stat']))?.[1]);
}

function spis(ns: Namespace): string[] {
  return exec(ns, 'ip', ['xfrm', 'state']).match(/spi 0x[0-9a-f]+/g) ?? [];
}

/** Numbers of the answers, in the order in which they came. Hosts of the test are served by this process: it must not stand still. */
async function ask(from: Namespace, to: string, count: number, seconds: number): Promise<number[]> {
  const words = [
    'netns',
    'exec',
    from.name,
    'ping',
    '-n',
    '-i',
    String(seconds),
    '-c',
    String(count),
    '-W',
    count > 1 ? '3' : '1',
    to,
  ];
  const text = await new Promise<string>((resolve) => execFile('ip', words, (_, stdout) => resolve(stdout)));
  return [...text.matchAll(/bytes from .*icmp_seq=(\d+)/g)].map(([, order]) => Number(order));
}
