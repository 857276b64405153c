import t from 'tap';
import {
  type BlockTimes,
  drainMs,
  emptyMs,
  type NetworkBlocks,
  noteEmpty,
  planBlocks,
} from '../../../../daemons/network-manager/blocks/plan-blocks.ts';
import { type Ip, parseIp } from '../../../../daemons/shared/model/ip.ts';
import { parseCidr4, renderCidr4 } from '../../../../daemons/shared/model/ipv4.ts';

const cidrs = ['10.42.7.0/28', '10.42.9.0/28', '10.42.3.0/28'].map((text) => parseCidr4(text)!);
const ips = (block: number, count: number): Ip[] =>
  Array.from({ length: count }, (_, at) => parseIp(`10.42.${block}.${at + 2}`)!);
const blocks = (count: number, ...leased: Ip[][]): NetworkBlocks => ({
  network: 'corral',
  cidrs: cidrs.slice(0, count),
  leased: leased.flat(),
});
const at = (now: number, rest: Partial<BlockTimes> = {}): BlockTimes => ({
  now,
  emptySince: new Map(),
  withheldSince: new Map(),
  ...rest,
});

t.test('another block is asked for at nine tenths', async (t) => {
  t.equal(planBlocks(blocks(1, ips(7, 11)), at(0)).ask, false, '11 of 13');
  t.equal(planBlocks(blocks(1, ips(7, 12)), at(0)).ask, true, '12 of 13');
  t.equal(planBlocks(blocks(2, ips(7, 13)), at(0)).ask, false, 'with another one there is room');
  t.equal(planBlocks(blocks(2, ips(7, 13), ips(9, 12)), at(0)).ask, true);
  t.equal(
    planBlocks({ ...blocks(1), leased: [...ips(99, 20), parseIp('fd42::1')!] }, at(0)).ask,
    false,
    'none of these is in it',
  );
  t.equal(planBlocks(blocks(0), at(0)).ask, false, 'a host without a block waits for its first');
});

t.test('an empty block goes after an hour, withheld first, and never the first', async (t) => {
  const mine = blocks(2, ips(7, 5));
  const since = noteEmpty(mine, at(1_000));
  t.same([...since], [['corral/10.42.9.0/28', 1_000]]);
  t.same(noteEmpty(mine, at(5_000, { emptySince: since })), since, 'the first look counts');
  t.same(planBlocks(mine, at(1_000 + emptyMs - 1, { emptySince: since })).withhold, []);
  const due = at(1_000 + emptyMs, { emptySince: since });
  t.same(planBlocks(mine, due), { ask: false, withhold: [cidrs[1]], giveBack: [] });
  const withheldSince = new Map([['corral/10.42.9.0/28', due.now]]);
  t.same(planBlocks(mine, { ...due, now: due.now + drainMs - 1, withheldSince }).giveBack, []);
  t.same(planBlocks(mine, { ...due, now: due.now + drainMs, withheldSince }).giveBack.map(renderCidr4), [
    '10.42.9.0/28',
  ]);
  const again = blocks(2, ips(7, 5), ips(9, 1));
  t.same(planBlocks(again, { ...due, now: due.now + drainMs, withheldSince }), {
    ask: false,
    withhold: [],
    giveBack: [],
  });
  t.same([...noteEmpty(again, at(9, { emptySince: since }))], [], 'a lease ends the count');
});

t.test('a block without which the rest would be nearly full stays', async (t) => {
  const emptySince = new Map([
    ['corral/10.42.9.0/28', 0],
    ['corral/10.42.3.0/28', 0],
  ]);
  t.same(planBlocks(blocks(2, ips(7, 10)), at(emptyMs, { emptySince })).withhold, []);
  t.same(
    planBlocks(blocks(3, ips(7, 10)), at(emptyMs, { emptySince })).withhold.map(renderCidr4),
    ['10.42.9.0/28'],
    'one of two',
  );
});
