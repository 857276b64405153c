import t from 'tap';
import type { PeerReport } from '../../../daemons/overlay/probes/peers-report.ts';
import { exec, isRoot, until } from '../support/namespaces.ts';
import { cluster, type Daemon, makeHost, makeSwitch, patience, portOf, startDaemon } from './support/hosts.ts';

if (!isRoot) t.plan(0, 'needs root');
t.setTimeout(120_000);

const peersOf = (daemon: Daemon): Promise<PeerReport[]> => daemon.get<PeerReport[]>('/v1/peers');

async function becomes(daemon: Daemon, host: string, what: Partial<PeerReport>): Promise<PeerReport> {
  let last: PeerReport | undefined;
  return until(patience, `${host} is ${JSON.stringify(what)}`, async () => {
    last = (await peersOf(daemon)).find((peer) => peer.host === host);
    return last && Object.entries(what).every(([key, value]) => last![key as keyof PeerReport] === value)
      ? last
      : undefined;
  });
}

t.test('peers are asked through the overlay; a dead one is named, and is back when it answers', async (t) => {
  const sw = makeSwitch(t);
  const objects = cluster(3);
  const hosts = await Promise.all([1, 2, 3].map((number) => makeHost(t, sw, number, objects)));
  const daemons = hosts.map((host) => startDaemon(t, host));
  await Promise.all(daemons.map((daemon) => daemon.settled()));
  const [first] = daemons as [Daemon, Daemon, Daemon];
  const up = await becomes(first, 'node-2', { state: 'up', mtuOk: true });
  await becomes(first, 'node-3', { state: 'up', mtuOk: true });
  t.match(up, { network: 'corral', hostId: hosts[1]!.id, address: '192.168.50.12', driver: 'vxlan' });
  t.ok(up.rttMs !== null && up.rttMs >= 0 && up.lastReplyMs !== null && up.lastReplyMs < 10_000);
  t.equal((await first.health()).state, 'ready');

  exec(sw, 'ip', ['link', 'set', portOf(hosts[2]!), 'down']);
  await becomes(first, 'node-3', { state: 'down' });
  await becomes(first, 'node-2', { state: 'up' });
  const cut = await first.health();
  t.equal(cut.state, 'degraded');
  t.match(
    cut.conditions.find(({ name }) => name === 'peers'),
    { ok: false, code: 'PEER_LOST', text: /node-3/ },
  );
  t.match(await first.metrics(), 'corral_overlay_peer_up{network="corral",host="node-3",daemon="overlay"} 0');
  t.match(await first.metrics(), 'corral_overlay_peers{network="corral",state="down",daemon="overlay"} 1');

  exec(sw, 'ip', ['link', 'set', portOf(hosts[2]!), 'up']);
  await becomes(first, 'node-3', { state: 'up' });
  t.equal((await first.health()).state, 'ready');
});

t.test('a way that carries less than the uplinks is found', async (t) => {
  const sw = makeSwitch(t);
  const objects = cluster(2);
  const hosts = await Promise.all([1, 2].map((number) => makeHost(t, sw, number, objects)));
  exec(sw, 'ip', ['link', 'set', portOf(hosts[1]!), 'mtu', '1400']);
  const daemons = hosts.map((host) => startDaemon(t, host));
  await becomes(await ready(daemons[0]!), 'node-2', { state: 'up', mtuOk: false });
  const health = await daemons[0]!.health();
  t.equal(health.state, 'degraded');
  t.match(
    health.conditions.find(({ name }) => name === 'path-mtu'),
    { ok: false, code: 'PATH_TOO_SMALL', text: /node-2/ },
  );
});

t.test('a host that is alone has nobody to ask and is ready', async (t) => {
  const sw = makeSwitch(t);
  const host = await makeHost(t, sw, 1, cluster(1));
  const daemon = await ready(startDaemon(t, host));
  t.same(await peersOf(daemon), []);
  t.equal((await daemon.health()).state, 'ready');
  await until(
    patience,
    'the rules are looked at again',
    async () => (await daemon.count('passes', 'overlay-rules')) >= 3,
  );
  t.equal(await daemon.count('healed'), 0);
  t.equal(await daemon.count('healed', 'overlay-rules'), 0);
});

async function ready(daemon: Daemon): Promise<Daemon> {
  await daemon.settled();
  return daemon;
}
