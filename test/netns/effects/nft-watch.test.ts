import t from 'tap';
import { openNetns } from '../../../daemons/shared/effects/netns.ts';
import { watchNftables } from '../../../daemons/shared/effects/nft-watch.ts';
import { exec, isRoot, makeNamespace, until } from '../support/namespaces.ts';

if (!isRoot) t.plan(0, 'needs root');

t.test('somebody changes rules', async (t) => {
  const ns = makeNamespace(t, 'nw');
  const netns = openNetns(ns.path);
  let changes = 0;
  const watch = watchNftables({
    netns,
    onChange: () => {
      changes += 1;
    },
    onEnd: (error) => t.fail(error.message),
  });
  netns.close();
  t.teardown(() => watch.close());
  exec(ns, 'iptables', ['-N', 'ONE']);
  await until(2_000, 'told', () => changes > 0);
  const lines = Array.from({ length: 5_000 }, (_, at) => `-A ONE -d 10.0.${at >> 8}.${at & 255}/32 -j ACCEPT`);
  const before = changes;
  exec(ns, 'iptables-restore', ['--noflush'], `*filter\n${lines.join('\n')}\nCOMMIT\n`);
  await until(2_000, 'told, however much it was', () => changes > before);
  exec(ns, 'iptables-save', []);
  const [quiet, calls] = [performance.now() + 600, changes];
  await until(2_000, 'a while passes', () => performance.now() > quiet);
  t.ok(changes - calls <= 1, 'to read is no change');
  watch.close();
  watch.close();
});
