import t from 'tap';
import {
  CommonRound,
  commonPace,
  ProbeRound,
  strangerPace,
} from '../../../../daemons/network-manager/duplicates/probe-round.ts';
import { type Ipv4, parseIpv4 } from '../../../../daemons/shared/model/ipv4.ts';

const ips = (count: number): Ipv4[] => Array.from({ length: count }, (_, at) => parseIpv4(`10.42.7.${at}`) as Ipv4);
const nothing = { wanted: new Set<Ipv4>(), taken: new Set<Ipv4>() };

t.test('how many addresses are asked for in a second', async (t) => {
  const rows: [number, number, number, number][] = [
    [0, 0, 0, 0],
    [1, 0.125, 0.125, 0.25],
    [20, 1, 2.5, 5],
    [40, 0.5, 5, 10],
    [80, 0.25, 2.5, 20],
    [200, 0.1, 1, 50],
    [5_000, 0.004, 0.04, 128],
  ];
  for (const [addresses, quiet, hurried, stranger] of rows) {
    t.same(
      [commonPace(addresses, false), commonPace(addresses, true), strangerPace(addresses)],
      [quiet, hurried, stranger],
    );
  }
});

t.test('each has its turn', async (t) => {
  const round = new ProbeRound();
  const all = ips(20);
  const asked = Array.from({ length: 8 }, () => round.take(all, 2.5));
  t.same(
    asked.map(({ length }) => length),
    [2, 3, 2, 3, 2, 3, 2, 3],
  );
  t.same(asked.flat(), all);
  t.same(round.take([], 0), []);
  t.same(round.take(all.slice(0, 3), 1).length, 1, 'fewer than there were');
  t.same(
    Array.from({ length: 10 }, () => round.take(all, 0.1).length).reduce((sum, count) => sum + count),
    1,
    'less than one a second',
  );
});

t.test('once in a hurry, then slowly, and again when notices were lost', async (t) => {
  const round = new CommonRound();
  const all = ips(200);
  const count = (seconds: number): number =>
    Array.from({ length: seconds }, () => round.take(all, nothing, 0).length).reduce((sum, one) => sum + one, 0);
  t.equal(count(200), 200);
  t.equal(count(200), 20);
  round.hurry();
  t.equal(count(200), 200);
  t.equal(count(100), 10);
});

t.test('what others ask for is asked for at once, though not again and again', async (t) => {
  const round = new CommonRound();
  const all = ips(20);
  const wanted = new Set([all[15]!, parseIpv4('192.0.2.1') as Ipv4]);
  t.same(round.take(all, { ...nothing, wanted }, 0), [...all.slice(0, 2), all[15]]);
  t.same(round.take(all, { ...nothing, wanted }, 1_000), all.slice(2, 5));
  t.ok(round.take(all, { ...nothing, wanted }, 5_000).includes(all[15]!));
});

t.test('what somebody took is asked for at once, whatever was asked before', async (t) => {
  const round = new CommonRound();
  const all = ips(20);
  const taken = new Set([all[0]!, parseIpv4('192.0.2.1') as Ipv4]);
  t.same(round.take(all, nothing, 0), all.slice(0, 2));
  t.same(round.take(all, { ...nothing, taken }, 1_000), [...all.slice(2, 5), all[0]]);
});
