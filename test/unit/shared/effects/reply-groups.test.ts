import t from 'tap';
import { ReplyGroups } from '../../../../daemons/shared/effects/reply-groups.ts';

/** Replies as `client:length`, slots by position; groups as `client:lengths in order`. */
function grouped(replies: readonly string[], joins = true): string[] {
  const groups = new ReplyGroups(64, joins);
  return [arranged(groups, replies), arranged(groups, replies)][1]!;
}

function arranged(groups: ReplyGroups, replies: readonly string[]): string[] {
  const parsed = replies.map((one) => one.split(':').map(Number) as [number, number]);
  for (const [slot, [client, length]] of parsed.entries()) groups.add(slot, client, length);
  groups.arrange();
  let at = 0;
  const told = Array.from({ length: groups.count }, (_, group) => {
    const parts = groups.partsOf[group]!;
    const slots = [...groups.order.subarray(at, at + parts)];
    at += parts;
    const lengths = slots.map((_slot, part) =>
      part === parts - 1 ? groups.lastLengthOf[group] : groups.lengthOf[group],
    );
    const [client] = parsed[groups.slotOf[group]!]!;
    if (slots.some((slot, part) => parsed[slot]![0] !== client || parsed[slot]![1] !== lengths[part]))
      return 'mixed up';
    return `${client}:${slots.join(' ')}`;
  });
  groups.clear();
  return told;
}

t.test('equally long replies to one client go together, in their order', async (t) => {
  t.same(grouped(['7:60', '8:60', '7:60', '7:60', '8:60']), ['7:0 2 3', '8:1 4']);
  t.same(grouped([]), []);
});

t.test('a shorter one goes last, wherever it stood', async (t) => {
  t.same(grouped(['7:60', '7:50', '7:60']), ['7:0 2 1']);
  t.same(grouped(['7:50', '7:60', '7:60']), ['7:1 2 0']);
  t.same(grouped(['7:61', '7:105']), ['7:1 0'], 'as after a question for A and one for AAAA');
});

t.test('what fits nowhere begins another group', async (t) => {
  t.same(grouped(['7:60', '7:50', '7:40', '7:60']), ['7:0 1', '7:3 2'], 'two shorter ones');
  t.same(grouped(['7:60', '7:60', '7:70', '7:70']), ['7:0 1', '7:2 3'], 'a longer one after several');
});

t.test('clients that share a place in the table stay apart', async (t) => {
  for (let round = 0; round < 50; round += 1) {
    const clients = Array.from({ length: 32 }, (_, at) => (round * 32 + at) * 0x1234567);
    const told = grouped([...clients, ...clients].map((client) => `${client}:60`));
    t.notOk(told.includes('mixed up'));
    const slots = told.flatMap((one) => one.split(':')[1]!.split(' ').map(Number));
    t.same(
      slots.sort((a, b) => a - b),
      Array.from({ length: 64 }, (_, slot) => slot),
      'nothing is lost',
    );
  }
});

t.test('bounded as the kernel wants it', async (t) => {
  const many = new ReplyGroups(100, true);
  for (let slot = 0; slot < 100; slot += 1) many.add(slot, 7, 50);
  t.same([...many.partsOf.subarray(0, many.count)], [64, 36]);
  const large = new ReplyGroups(64, true);
  for (let slot = 0; slot < 64; slot += 1) large.add(slot, 7, 1_232);
  t.same([...large.partsOf.subarray(0, large.count)], [49, 15], 'less than 64 KiB');
});

t.test('without joining each goes alone', async (t) => {
  t.same(grouped(['7:60', '7:60', '8:60'], false), ['7:0', '7:1', '8:2']);
});
