// An underlay that is slow, loses packets, or carries none at all: the tunnel stays as it is, and the probes tell how it is.
import t, { type Test } from 'tap';
import type { PeerReport } from '../../../daemons/overlay/probes/peers-report.ts';
import {
  cluster,
  type Daemon,
  makeContainer,
  makeHost,
  makeSwitch,
  patience,
  pings,
  startDaemon,
} from '../../netns/overlay/support/hosts.ts';
import { exec, type Namespace, until } from '../../netns/support/namespaces.ts';

t.setTimeout(400_000);

const netem = (ns: Namespace, ...how: string[]): void => {
  exec(ns, 'tc', ['qdisc', 'replace', 'dev', 'eth0', 'root', 'netem', ...how]);
};

async function becomes(daemon: Daemon, what: string, holds: (peer: PeerReport) => boolean): Promise<void> {
  await until(patience, `the peer ${what}`, async () => {
    const [peer] = await daemon.get<PeerReport[]>('/v1/peers');
    return peer !== undefined && holds(peer);
  });
}

/** Answers to so many pings in quick succession. */
function answersOf(from: Namespace, to: string, count: number): number {
  const script = `ping -n -q -i 0.2 -W 2 -c ${count} ${to} || true`;
  return Number(/(\d+) received/.exec(exec(from, 'sh', ['-c', script]))?.[1]);
}

t.test('vxlan over a bad underlay', async (t: Test) => {
  const sw = makeSwitch(t);
  const hosts = await Promise.all([1, 2].map((number) => makeHost(t, sw, number, cluster(2))));
  const [first, second] = hosts as [(typeof hosts)[0], (typeof hosts)[0]];
  const daemon = startDaemon(t, first);
  const other = startDaemon(t, second);
  await Promise.all([daemon.settled(), other.settled()]);
  const [from] = [
    makeContainer(t, first, '10.42.1.5/24', { gateway: '10.42.1.1' }),
    makeContainer(t, second, '10.42.2.5/24', { gateway: '10.42.2.1' }),
  ];
  await until(patience, 'container reaches container', () => pings(from, '10.42.2.5'));
  await becomes(daemon, 'answers', ({ state }) => state === 'up');
  const writes = await daemon.count('writes');

  netem(first.ns, 'delay', '300ms');
  await becomes(daemon, 'is up and slow', ({ state, rttMs }) => state === 'up' && rttMs !== null && rttMs >= 300);

  netem(first.ns, 'loss', '50%');
  const answered = answersOf(from, '10.42.2.5', 40);
  t.ok(answered > 0 && answered < 40, `${answered} of 40 answered`);

  netem(first.ns, 'loss', '100%');
  await becomes(daemon, 'is down', ({ state }) => state === 'down');
  t.equal(answersOf(from, '10.42.2.5', 3), 0);

  exec(first.ns, 'tc', ['qdisc', 'del', 'dev', 'eth0', 'root']);
  await becomes(daemon, 'is up again', ({ state }) => state === 'up');
  await until(patience, 'container reaches container again', () => pings(from, '10.42.2.5'));
  t.equal(await daemon.count('writes'), writes, 'nothing was changed meanwhile');
});
