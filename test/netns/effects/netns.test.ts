import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { homeNetns, inNetns, isHomeNetns, openNetns } from '../../../daemons/shared/effects/netns.ts';
import { exec, isRoot, makeNamespace } from '../support/namespaces.ts';

if (!isRoot) {
  t.plan(0, 'needs root');
  process.exit(0);
}

const here = (): string => readFileSync('/proc/thread-self/net/dev', 'utf8');

t.test('work inside a namespace sees its devices, and the way back is taken', async (t) => {
  const ns = makeNamespace(t, 'in');
  exec(ns, 'ip', ['link', 'add', 'inside0', 'type', 'bridge']);
  const handle = openNetns(ns.path);
  t.teardown(() => handle.close());
  t.match(inNetns(handle, here), /inside0/);
  t.notMatch(here(), /inside0/);
  t.equal(isHomeNetns(handle), false);
  t.equal(isHomeNetns(openNetns('/proc/self/ns/net')), true);
  t.equal(homeNetns().inode, openNetns(`/proc/${process.pid}/ns/net`).inode);
});

t.test('an exception inside does not leave the process in the wrong namespace', async (t) => {
  const handle = openNetns(makeNamespace(t, 'throw').path);
  t.throws(
    () =>
      inNetns(handle, () => {
        throw new Error('boom');
      }),
    { message: 'boom' },
  );
  t.equal(openNetns('/proc/thread-self/ns/net').inode, homeNetns().inode);
});

t.test('asynchronous and nested work is refused', async (t) => {
  const handle = openNetns(makeNamespace(t, 'sync').path);
  t.throws(() => inNetns(handle, async () => 1), { code: 'INTERNAL' });
  t.throws(() => inNetns(handle, () => inNetns(handle, () => 1)), { code: 'INTERNAL' });
  t.equal(openNetns('/proc/thread-self/ns/net').inode, homeNetns().inode);
});

t.test('an absent namespace and a file that is none are NETNS_GONE', async (t) => {
  const dir = t.testdir({});
  writeFileSync(join(dir, 'plain'), '');
  t.throws(() => openNetns(join(dir, 'absent')), { code: 'NETNS_GONE' });
  t.throws(() => openNetns(join(dir, 'plain')), { code: 'NETNS_GONE' });
  t.throws(() => openNetns('/proc/4194305/ns/net'), { code: 'NETNS_GONE' });
});

t.test('a handle keeps a namespace usable after its name is gone', async (t) => {
  const ns = makeNamespace(t, 'held');
  const handle = openNetns(ns.path);
  exec(ns, 'ip', ['link', 'add', 'held0', 'type', 'bridge']);
  const { execFileSync } = await import('node:child_process');
  execFileSync('ip', ['netns', 'del', ns.name]);
  t.throws(() => openNetns(ns.path), { code: 'NETNS_GONE' });
  t.match(inNetns(handle, here), /held0/);
  handle.close();
  handle.close();
});
