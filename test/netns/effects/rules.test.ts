import t from 'tap';
import { openNetlink, type RouteRule } from '../../../daemons/shared/effects/netlink.ts';
import { openNetns } from '../../../daemons/shared/effects/netns.ts';
import { isOwnRule } from '../../../daemons/shared/model/block.ts';
import { exec, isRoot, makeNamespace } from '../support/namespaces.ts';

if (!isRoot) t.plan(0, 'needs root');
else
  t.test('routing rules are made, read back and removed, and others’ are left', async (t) => {
    const ns = makeNamespace(t, 'rule');
    const netns = openNetns(ns.path);
    const netlink = openNetlink(netns);
    t.teardown(() => {
      netlink.close();
      netns.close();
    });
    const destination = { base: 'fd42::', prefix: 48 };
    const look: RouteRule = {
      priority: 144,
      destination,
      incoming: 'lo',
      action: { do: 'look', longerThan: 47 },
    };
    const refuse: RouteRule = { priority: 145, destination, incoming: 'lo', action: { do: 'refuse' } };
    exec(ns, 'ip', ['-6', 'rule', 'add', 'pref', '145', 'to', 'fd42::/48', 'iif', 'lo', 'unreachable']);
    for (const rule of [look, refuse, look]) await netlink.addRule(rule);
    const said = exec(ns, 'ip', ['-6', 'rule']);
    t.match(said, /144:\s+from all to fd42::\/48 iif lo lookup main suppress_prefixlength 47 proto 143/);
    t.match(said, /145:\s+from all to fd42::\/48 iif lo unreachable proto 143/);
    const ours = (await netlink.listRules(6)).filter(isOwnRule);
    t.same(
      ours,
      [look, refuse].map((rule) => ({ ...rule, protocol: 143 })),
    );
    exec(ns, 'ip', ['link', 'set', 'lo', 'up']);
    exec(ns, 'ip', ['link', 'add', 'up0', 'type', 'bridge']);
    exec(ns, 'ip', ['link', 'set', 'up0', 'up']);
    exec(ns, 'ip', ['-6', 'route', 'add', 'default', 'dev', 'up0']);
    const wayTo = (address: string): string =>
      exec(ns, 'sh', ['-c', `ip -6 route get ${address} 2>&1 || true`]).split('\n')[0]!;
    t.match(wayTo('fd42:0:0:2::5'), /unreachable/, 'the default route is too wide');
    t.match(wayTo('fd43::5'), /dev up0/, 'of other destinations nothing is said');
    exec(ns, 'ip', ['-6', 'route', 'add', 'fd42:0:0:2::/64', 'dev', 'up0']);
    t.match(wayTo('fd42:0:0:2::5'), /dev up0/, 'a route to a part of it is taken');
    for (const rule of [refuse, look, look]) await netlink.dropRule(rule);
    t.same((await netlink.listRules(6)).filter(isOwnRule), []);
    t.match(exec(ns, 'ip', ['-6', 'rule']), /145:\s+from all to fd42::\/48 iif lo unreachable/, 'somebody else’s');
  });
