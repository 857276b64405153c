import t from 'tap';
import { anyRange, openXfrm, type WantPolicy, type Xfrm } from '../../../daemons/shared/effects/netlink/xfrm.ts';
import { openNetns } from '../../../daemons/shared/effects/netns.ts';
import { parseCidr4 } from '../../../daemons/shared/model/ipv4.ts';
import { answering } from '../overlay/support/hosts.ts';
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

if (!isRoot) {
  t.plan(0, 'needs root');
  process.exit(0);
}

const subnet = parseCidr4('10.42.0.0/16')!;
const priority = 4_000_000;
const how = { device: 0, priority, blocks: true };
const outward: WantPolicy = { direction: 'out', source: anyRange(subnet.base), destination: subnet, ...how };
const inward: WantPolicy = { direction: 'in', source: subnet, destination: anyRange(subnet.base), ...how };

function open(t: TestScope): { ns: Namespace; xfrm: Xfrm } {
  const ns = makeNamespace(t, 'xfrm');
  const handle = openNetns(ns.path);
  const xfrm = openXfrm(handle);
  t.teardown(() => {
    xfrm.close();
    handle.close();
  });
  return { ns, xfrm };
}

t.test('a policy is there until it is dropped, and others stay', async (t) => {
  const { ns, xfrm } = open(t);
  exec(ns, 'ip', 'xfrm policy add src 10.9.0.0/24 dst 10.42.0.0/16 dir out priority 5 action block'.split(' '));
  await xfrm.setPolicy(outward);
  await xfrm.setPolicy(outward);
  await xfrm.setPolicy({
    direction: 'fwd',
    source: { base: 'fd42::', prefix: 48 },
    destination: anyRange('fd42::'),
    ...how,
  });
  const found = await xfrm.policies();
  t.match(exec(ns, 'ip', ['xfrm', 'policy']), /src 0\.0\.0\.0\/0 dst 10\.42\.0\.0\/16\s+dir out action block/);
  const ours = found.filter((policy) => policy.priority === priority);
  t.match(
    ours.map(({ direction, blocks, source }) => [direction, blocks, source.base]).sort(),
    [
      ['fwd', true, 'fd42::'],
      ['out', true, 0],
    ],
    'the second of the same replaced the first',
  );
  t.match(ours.find(({ direction }) => direction === 'out')?.destination, subnet);
  for (const policy of ours) await xfrm.dropPolicy(policy);
  await xfrm.dropPolicy(ours[0]!);
  t.match(
    (await xfrm.policies()).map((policy) => policy.priority),
    [5],
  );
});

t.test('what is blocked does not leave, and does not come in, except by devices that are exempt', async (t) => {
  const { ns, xfrm } = open(t);
  const other = makeNamespace(t, 'peer');
  connect({ ns, device: 'eth0', address: '10.42.1.1/16' }, { ns: other, device: 'eth0', address: '10.42.2.1/16' });
  const pings = (from: Namespace, to: string): boolean => {
    try {
      exec(from, 'ping', ['-c', '1', '-W', '1', to]);
      return true;
    } catch {
      return false;
    }
  };
  t.ok(pings(ns, '10.42.2.1'), 'open at first');
  await xfrm.setPolicy(outward);
  t.notOk(pings(ns, '10.42.2.1'), 'blocked on its way out');
  t.ok(pings(ns, '10.42.1.1'), 'the host reaches itself');
  exec(ns, 'sysctl', ['-qw', 'net.ipv4.conf.eth0.disable_xfrm=1']);
  t.ok(pings(ns, '10.42.2.1'), 'this device is exempt');
  await xfrm.setPolicy(inward);
  t.notOk(pings(ns, '10.42.2.1'), 'the answer is blocked');
  exec(ns, 'sysctl', ['-qw', 'net.ipv4.conf.eth0.disable_policy=1']);
  exec(ns, 'ip', ['route', 'flush', 'cache']);
  t.ok(pings(ns, '10.42.2.1'), 'exempt both ways');
});

t.test(
  'IPv6: a policy for one device lets pass what is forwarded to it, and knows none of what is made here',
  async (t) => {
    const { ns, xfrm } = open(t);
    const [near, far] = [makeNamespace(t, 'near'), makeNamespace(t, 'far')];
    connect({ ns, device: 'in0' }, { ns: near, device: 'eth0' });
    connect({ ns, device: 'out0' }, { ns: far, device: 'eth0' });
    exec(ns, 'sysctl', ['-qw', 'net.ipv6.conf.all.forwarding=1']);
    for (const [at, device, address] of [
      [ns, 'in0', 'fd42:0:0:1::1/64'],
      [near, 'eth0', 'fd42:0:0:1::5/64'],
      [ns, 'out0', 'fd42:0:0:2::1/64'],
      [far, 'eth0', 'fd42:0:0:2::5/64'],
    ] as const)
      exec(at, 'ip', ['addr', 'add', address, 'dev', device, 'nodad']);
    exec(near, 'ip', ['-6', 'route', 'add', 'default', 'via', 'fd42:0:0:1::1']);
    exec(far, 'ip', ['-6', 'route', 'add', 'default', 'via', 'fd42:0:0:2::1']);
    const range = { base: 'fd42::', prefix: 48 };
    const out = { direction: 'out', source: anyRange('fd42::'), destination: range } as const;
    const asks = (from: Namespace, ...words: string[]): boolean => answering(from, words.join(' ')).length > 0;
    const there = 'fd42:0:0:2::5';
    await until(10_000, 'open at first', () => asks(near, there) && asks(ns, there));
    await xfrm.setPolicy({ ...out, ...how });
    t.notOk(asks(near, there) || asks(ns, there), 'blocked');
    for (const device of ['in0', 'out0']) {
      const index = execJson<{ ifindex: number }>(ns, 'ip', ['link', 'show', device])[0]!.ifindex;
      await xfrm.setPolicy({ ...out, device: index, priority: priority - 1, blocks: false });
    }
    t.ok(asks(near, there), 'what is forwarded passes by these devices');
    t.notOk(asks(ns, there), 'what is made here is asked for before its device is known');
    t.ok(asks(ns, '-I out0', there), 'unless the program names it');
    const made = { base: 'fd42:0:0:2::1', prefix: 128 };
    await xfrm.setPolicy({ ...out, source: made, device: 0, priority: priority - 1, blocks: false });
    t.ok(asks(ns, there), 'by its source it passes');

    await xfrm.setPolicy({ direction: 'fwd', source: range, destination: anyRange('fd42::'), ...how });
    t.notOk(asks(near, there), 'blocked on its way through');
    for (const device of ['in0', 'out0']) exec(ns, 'sysctl', ['-qw', `net.ipv6.conf.${device}.disable_policy=1`]);
    t.ok(asks(near, there), 'exempt by the device that it came by');
  },
);

t.test('to ask for ESP leaves nothing behind', async (t) => {
  const { ns, xfrm } = open(t);
  t.type(await xfrm.hasEsp(), 'boolean');
  t.equal(exec(ns, 'ip', ['xfrm', 'state']), '');
});
