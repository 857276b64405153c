import t from 'tap';
import { ProbeRound, probesPerSecond } from '../../../../daemons/network-manager/duplicates/probe-round.ts';
import { type Ipv4, parseIpv4 } from '../../../../daemons/shared/model/ipv4.ts';

const ips = (count: number): Ipv4[] => Array.from({ length: count }, (_, at) => parseIpv4(`10.42.7.${at}`) as Ipv4);

t.test('how many addresses are asked for in a second', async (t) => {
  const rows: [number, boolean, number][] = [
    [0, false, 0],
    [1, false, 1],
    [20, false, 3],
    [40, false, 5],
    [80, false, 2],
    [250, false, 1],
    [5_000, false, 1],
    [20, true, 5],
    [5_000, true, 128],
  ];
  for (const [addresses, strangers, count] of rows) {
    t.equal(probesPerSecond(addresses, strangers), count, `${addresses} ${strangers}`);
  }
});

t.test('each has its turn', async (t) => {
  const round = new ProbeRound();
  const all = ips(20);
  const asked = Array.from({ length: 7 }, (_, second) => round.take(all, new Set(), false, second * 1_000)).flat();
  t.same(new Set(asked), new Set(all));
  t.same(round.take([], new Set(), false, 8_000), []);
  t.equal(round.take(all.slice(0, 3), new Set(), false, 9_000).length, 1, 'fewer than there were');
});

t.test('what others ask for is asked for at once, though not again and again', async (t) => {
  const round = new ProbeRound();
  const all = ips(20);
  const wanted = new Set([all[15]!, parseIpv4('192.0.2.1') as Ipv4]);
  t.same(round.take(all, wanted, false, 0), [...all.slice(0, 3), all[15]]);
  t.same(round.take(all, wanted, false, 1_000), all.slice(3, 6));
  t.ok(round.take(all, wanted, false, 5_000).includes(all[15]!));
});
