import t from 'tap';
import type { DriverWish } from '../../../daemons/overlay/driver.ts';
import { Echo } from '../../../daemons/overlay/echo.ts';
import { vxlanDriver } from '../../../daemons/overlay/vxlan/vxlan-driver.ts';
import { openNetlink } from '../../../daemons/shared/effects/netlink.ts';
import { type Change, watchNetlink } from '../../../daemons/shared/effects/netlink-watch.ts';
import { openNetns } from '../../../daemons/shared/effects/netns.ts';
import type { SnapshotObject } from '../../../daemons/shared/model/objects.ts';
import { cluster, hostObject } from '../../fixtures/overlay-objects.ts';
import { factsOf, wishOf } from '../../unit/overlay/support.ts';
import { exec, isRoot, makeNamespace, until } from '../support/namespaces.ts';
import { patience } from './support/hosts.ts';

if (!isRoot) t.plan(0, 'needs root');

function driverWish(objects: readonly SnapshotObject[]): DriverWish {
  const wish = wishOf(objects);
  return { networks: wish.networks, guarded: [], facts: factsOf(wish), complete: true };
}

t.test('the kernel tells of each entry once, as the driver says', async (t) => {
  const ns = makeNamespace(t, 'ov');
  exec(ns, 'ip', ['link', 'add', 'corral0', 'type', 'bridge']);
  exec(ns, 'ip', ['link', 'set', 'corral0', 'up']);
  exec(ns, 'ip', ['addr', 'add', '10.42.1.1/24', 'dev', 'corral0']);
  exec(ns, 'ip', ['addr', 'add', '192.168.50.11/24', 'dev', 'corral0']);
  const handle = openNetns(`/run/netns/${ns.name}`);
  const netlink = openNetlink(handle);
  t.teardown(() => netlink.close());
  const driver = vxlanDriver(netlink);
  const first = await driver.keep(driverWish(cluster(3)));
  t.same([first.failed, first.notices], [[], undefined], 'of a device that is made there is no saying');
  await driver.keep(driverWish(cluster(3)));

  const changes: Change[] = [];
  const watch = watchNetlink({
    groups: ['route', 'neighbour'],
    netns: handle,
    onChanges: (some) => void changes.push(...some.filter(({ kind, index }) => kind === 'route' || driver.owns(index))),
    onResync: () => t.fail('notices were lost'),
    onEnd: (error) => t.fail(error.message),
  });
  t.teardown(() => watch.close());
  for (const [what, objects] of [
    ['a peer more', cluster(4)],
    ['three more', cluster(7)],
    ['another address', [...cluster(7), hostObject(2, { agentIp: '192.168.50.32' })]],
  ] as const) {
    changes.length = 0;
    const { notices, writes } = await driver.keep(driverWish(objects));
    t.ok(writes > 0 && notices?.length === writes, what);
    // One write more, by somebody else, stands for the end.
    exec(ns, 'ip', ['route', 'add', 'blackhole', '198.51.100.1']);
    await until(patience, 'all was told', () => changes.length > writes);
    const echo = new Echo();
    echo.wrote([...(notices ?? []), { kind: 'route', index: 0 }]);
    echo.heard(changes);
    t.ok(echo.takeIsOwn(), `${what}: ${JSON.stringify(changes)}`);
    exec(ns, 'ip', ['route', 'del', 'blackhole', '198.51.100.1']);
    await until(patience, 'that too', () => changes.at(-1)?.gone === true);
  }
});
