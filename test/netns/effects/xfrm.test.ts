import t from 'tap';
import { anyRange, type BlockPolicy, openXfrm, type Xfrm } from '../../../daemons/shared/effects/netlink/xfrm.ts';
import { openNetns } from '../../../daemons/shared/effects/netns.ts';
import { parseCidr4 } from '../../../daemons/shared/model/ipv4.ts';
import { connect, exec, isRoot, makeNamespace, type Namespace, type TestScope } from '../support/namespaces.ts';

if (!isRoot) {
  t.plan(0, 'needs root');
  process.exit(0);
}

const subnet = parseCidr4('10.42.0.0/16')!;
const priority = 4_000_000;
const outward: BlockPolicy = { direction: 'out', source: anyRange(subnet.base), destination: subnet, priority };
const inward: BlockPolicy = { direction: 'in', source: subnet, destination: anyRange(subnet.base), priority };

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
  await xfrm.setBlock(outward);
  await xfrm.setBlock(outward);
  await xfrm.setBlock({
    direction: 'fwd',
    source: { base: 'fd42::', prefix: 48 },
    destination: anyRange('fd42::'),
    priority,
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
  await xfrm.setBlock(outward);
  t.notOk(pings(ns, '10.42.2.1'), 'blocked on its way out');
  t.ok(pings(ns, '10.42.1.1'), 'the host reaches itself');
  exec(ns, 'sysctl', ['-qw', 'net.ipv4.conf.eth0.disable_xfrm=1']);
  t.ok(pings(ns, '10.42.2.1'), 'this device is exempt');
  await xfrm.setBlock(inward);
  t.notOk(pings(ns, '10.42.2.1'), 'the answer is blocked');
  exec(ns, 'sysctl', ['-qw', 'net.ipv4.conf.eth0.disable_policy=1']);
  exec(ns, 'ip', ['route', 'flush', 'cache']);
  t.ok(pings(ns, '10.42.2.1'), 'exempt both ways');
});

t.test('to ask for ESP leaves nothing behind', async (t) => {
  const { ns, xfrm } = open(t);
  t.type(await xfrm.hasEsp(), 'boolean');
  t.equal(exec(ns, 'ip', ['xfrm', 'state']), '');
});
