import t from 'tap';
import { type GroupKernel, gatheringDrops } from '../../../../cni-plugins/bridge/group-drops.ts';
import type { Link } from '../../../../daemons/shared/effects/netlink.ts';
import { SuiteError } from '../../../../daemons/shared/model/errors.ts';

/** Devices by index, and what was asked of them. Deletions end one turn later, so that others gather. */
function fakeKernel(count: number) {
  const groups = new Map(Array.from({ length: count }, (_, at) => [at + 1, 0]));
  const asked: string[] = [];
  const kernel: GroupKernel = {
    listLinks: async () => [...groups].map(([index, group]) => ({ index, group, alias: 'corral:x' }) as Link),
    async setLink(ref, { group }) {
      if (!groups.has(ref as number)) throw new SuiteError('NETLINK_NO_SUCH_DEVICE', `set ${ref}`);
      groups.set(ref as number, group ?? 0);
    },
    async dropLink(ref) {
      asked.push(`drop ${ref}`);
      await new Promise(setImmediate);
      return groups.delete(ref as number);
    },
    async dropLinkGroup(group) {
      const members = [...groups].filter(([, one]) => one === group).map(([index]) => index);
      asked.push(`drop a group of ${members.length}`);
      await new Promise(setImmediate);
      for (const index of members) groups.delete(index);
      return members.length > 0;
    },
  };
  return { kernel, groups, asked };
}

const all = (): boolean => true;

t.test('the first goes alone; those that came meanwhile go together', async (t) => {
  const { kernel, groups, asked } = fakeKernel(10);
  const drop = gatheringDrops(kernel, all);
  const results = await Promise.all([1, 2, 3, 4].map(drop));
  t.same(results, [true, true, true, true]);
  t.same(asked, ['drop 1', 'drop a group of 3']);
  t.same([...groups.keys()], [5, 6, 7, 8, 9, 10]);
  t.equal(await drop(9), true);
  t.same(asked.slice(2), ['drop 9'], 'one that waits alone is deleted alone');
});

t.test('one that is gone takes no other with it', async (t) => {
  const { kernel, asked } = fakeKernel(3);
  const drop = gatheringDrops(kernel, all);
  t.same(await Promise.all([1, 2, 77, 3].map(drop)), [true, true, false, true]);
  t.same(asked, ['drop 1', 'drop a group of 2', 'drop 77']);
});

t.test('a stranger in the group: nothing is deleted by group, and it gets its own back', async (t) => {
  const { kernel, groups, asked } = fakeKernel(4);
  const drop = gatheringDrops(kernel, (link) => link.index !== 3);
  await Promise.all([1, 2, 3, 4].map(drop));
  t.same(asked, ['drop 1', 'drop 2', 'drop 3', 'drop 4']);
  t.equal(groups.size, 0);
});

t.test('someone else’s device with the same group', async (t) => {
  const { kernel, groups, asked } = fakeKernel(4);
  const setLink: GroupKernel['setLink'] = async (ref, changes) => {
    await kernel.setLink(ref, changes);
    if (changes.group) groups.set(4, changes.group);
  };
  await Promise.all([1, 2, 3].map(gatheringDrops({ ...kernel, setLink }, all)));
  t.same(asked, ['drop 1', 'drop 2', 'drop 3']);
  t.ok(groups.has(4));
});

t.test('if the kernel refuses the group, each is tried alone and told its own error', async (t) => {
  const { kernel, asked } = fakeKernel(4);
  const refuse = async (): Promise<never> => {
    throw new SuiteError('NETLINK_REFUSED', 'no groups');
  };
  const dropLink: GroupKernel['dropLink'] = (ref) => (ref === 3 ? refuse() : kernel.dropLink(ref));
  const drop = gatheringDrops({ ...kernel, dropLinkGroup: refuse, dropLink }, all);
  const results = await Promise.allSettled([1, 2, 3, 4].map(drop));
  t.same(
    results.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
  );
  t.same(asked, ['drop 1', 'drop 2', 'drop 4']);
  t.equal(await drop(3).catch(({ code }) => code), 'NETLINK_REFUSED', 'and the queue goes on');
});

t.test('a name is deleted at once', async (t) => {
  const { kernel, asked } = fakeKernel(0);
  await gatheringDrops(kernel, all)('x');
  t.same(asked, ['drop x']);
});
