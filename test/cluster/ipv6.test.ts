// IPv6 inside of the tunnels and between the hosts: containers with both families reach each other over either kind of underlay,
// and with IPsec nothing of either family is seen there, whatever dies.
import t, { type Test } from 'tap';
import { allReached } from '../../daemons/supervisor/lab/tried.ts';
import { isRoot, until } from '../netns/support/namespaces.ts';
import { makeTestLab, type TestLab, type TestLabOptions } from './support/lab.ts';
import { charonOn, hasStrongswan, reaches } from './support/secret-lab.ts';
import { capture, sawTunnelsAlone, sendMarker } from './support/underlay.ts';

t.setTimeout(240_000);

const [a1, a2] = ['h1/a1', 'h2/a2'] as const;

interface Pair {
  readonly lab: TestLab;
  /** Addresses of both containers by family. */
  readonly one: readonly string[];
  readonly two: readonly string[];
  /** Each reaches the other in both families. */
  isJoined(): boolean;
  reachesAny(): boolean;
}

async function pairOf(t: Test, driver: 'vxlan' | 'ipsec', underlay: 4 | 6): Promise<Pair> {
  const config: TestLabOptions['config'] = ({ name, address, address6 }) => ({
    host: { name, agentIp: underlay === 6 ? address6 : address },
    overlay: { ipsecUserSpace: 'allow', ipsecDpd: 2 },
  });
  const lab = await makeTestLab(t, { hosts: 2, driver, ipv6: true, config });
  const [one, two] = [
    [lab.addressOf('h1', 'a1'), address6Of(lab, a1)],
    [lab.addressOf('h2', 'a2'), address6Of(lab, a2)],
  ];
  const ways = [...two.map((address) => [a1, address] as const), ...one.map((address) => [a2, address] as const)];
  return {
    lab,
    one,
    two,
    isJoined: () => ways.every(([from, address]) => reaches(lab, from, address)),
    reachesAny: () => ways.some(([from, address]) => reaches(lab, from, address)),
  };
}

if (!isRoot) t.plan(0, 'needs root');
else {
  for (const underlay of [4, 6] as const) {
    t.test(`IPsec over IPv${underlay}`, { skip: !hasStrongswan && 'needs strongSwan' }, async (t) => {
      const { lab, one, two, isJoined, reachesAny } = await pairOf(t, 'ipsec', underlay);
      const seen = await capture(t, lab, 'ipsec');
      for (const address of two) sendMarker(t, lab, a1, address);
      for (const address of one) sendMarker(t, lab, a2, address);
      await until(20_000, 'both families pass', isJoined);

      await t.test('packets of the containers’ MTU pass whole', async (t) => {
        const mtu = Number(/mtu (\d+)/.exec(lab.run(a1, 'ip', 'link', 'show', 'eth0'))?.[1]);
        // In user space the tunnel's device takes 1,400 bytes and no more.
        const size = Math.min(mtu, 1_400);
        for (const [address = '', headers] of [
          [two[0], 28],
          [two[1], 48],
        ] as const) {
          await until(10_000, `${size} bytes to ${address}`, () =>
            reaches(lab, a1, address, '-M', 'do', '-s', String(size - headers)),
          );
        }
        t.pass(`${size} bytes`);
      });

      await t.test('charon dies while the overlay stands still', async (t) => {
        await lab.fault('pause', 'h2', 'overlay');
        lab.run('h2', 'kill', '-9', charonOn(lab, 'h2'));
        await until(10_000, 'nothing passes', () => !reachesAny());
        t.notOk(reachesAny(), 'it leads nowhere'); // not for long: the supervisor starts an overlay anew that does not answer
        await lab.fault('resume', 'h2', 'overlay');
        await until(30_000, 'both families are back', isJoined);
      });

      const { vxlan } = await sawTunnelsAlone(t, seen, 200);
      t.equal(vxlan.size, 0);
    });
  }

  t.test('VXLAN over IPv6', async (t) => {
    const { lab, one, two, isJoined } = await pairOf(t, 'vxlan', 6);
    const seen = await capture(t, lab, 'ipsec');
    await until(20_000, 'both families pass', isJoined);
    const { tried, tried6, lackIpv6 } = await lab.report();
    const addresses = [tried, tried6].map((of) => of?.containers.map(({ address }) => address));
    t.same(
      addresses,
      [0, 1].map((family) => [one[family], two[family]]),
      'a report tries each family',
    );
    t.equal(tried6 && allReached(tried6, true), true, 'IPv6 reaches each container, the outside, and names lead there');
    t.same(lackIpv6, []);
    const mtu = Number(/mtu (\d+)/.exec(lab.run(a1, 'ip', 'link', 'show', 'eth0'))?.[1]);
    t.equal(mtu, 1_430, 'the uplink’s less 70 bytes');
    for (const [from, address, headers] of [
      [a1, two[0]!, 28],
      [a1, two[1]!, 48],
      [a2, one[1]!, 48],
    ] as const)
      t.ok(reaches(lab, from, address, '-M', 'do', '-s', String(mtu - headers)), `${mtu} bytes to ${address}`);
    // Longer than tcpdump keeps packets to itself.
    for (const [from, address] of [
      [a1, two[0]!],
      [a2, one[0]!],
    ] as const)
      lab.run(from, 'ping', '-n', '-c', '10', '-i', '0.2', address);
    const { vxlan } = await seen.stop();
    t.same([...vxlan.keys()].sort(), lab.hosts.map(({ address6 }) => address6).sort(), 'between the IPv6 addresses');
  });
}

function address6Of(lab: TestLab, where: string): string {
  const text = lab.run(where, 'ip', '-6', '-o', 'address', 'show', 'dev', 'eth0', 'scope', 'global');
  return /inet6 ([\da-f:]+)\//.exec(text)?.[1] ?? '';
}
