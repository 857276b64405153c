import { spawn } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import t from 'tap';
import { openContainerNetns } from '../../../daemons/network-manager/attachments/container-netns.ts';
import { homeNetns } from '../../../daemons/shared/effects/netns.ts';
import { container } from '../../unit/network-manager/attachments/support.ts';
import { isRoot, makeNamespace, type TestScope, until } from '../support/namespaces.ts';

if (!isRoot) {
  t.plan(0, 'needs root');
  process.exit(0);
}

/** A process in a namespace of its own; its cgroup names no container. */
async function processElsewhere(t: TestScope): Promise<number> {
  const netns = makeNamespace(t, 'pid');
  const child = spawn('nsenter', [`--net=${netns.path}`, 'sleep', '1000'], { stdio: 'ignore' });
  t.teardown(() => void child.kill('SIGKILL'));
  const pid = child.pid ?? 0;
  const home = readlinkSync('/proc/self/ns/net');
  await until(5_000, 'it is elsewhere', () => readlinkSync(`/proc/${pid}/ns/net`) !== home);
  return pid;
}

t.test('the host’s own namespace is never a container’s', async (t) => {
  const here = container({ pid: process.pid });
  await t.rejects(
    openContainerNetns(here, async () => here),
    { code: 'NETNS_IS_HOST' },
  );
});

t.test('a pid that belongs to somebody else by now', async (t) => {
  const made = container({ pid: await processElsewhere(t) });
  const answers = [undefined, { ...made, running: false }, { ...made, pid: 1 }, { ...made, startedAt: 'later' }];
  for (const answer of answers)
    await t.rejects(
      openContainerNetns(made, async () => answer),
      { code: 'NETNS_GONE' },
    );
  const netns = await openContainerNetns(made, async () => made);
  t.not(netns.inode, homeNetns().inode, 'the same answer twice proves it');
  netns.close();
});

t.test('a pid that nobody has', async (t) => {
  const gone = container({ pid: 4_194_303 });
  await t.rejects(
    openContainerNetns(gone, async () => gone),
    { code: 'NETNS_GONE' },
  );
});
