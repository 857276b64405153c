import { mkdtempSync, rmSync } from 'node:fs';
import t, { type Test } from 'tap';
import { externalCharon } from '../../../../daemons/overlay/ipsec/charon/external.ts';
import { TunnelsKeeper, type TunnelsWish } from '../../../../daemons/overlay/ipsec/keep-tunnels.ts';
import { Health } from '../../../../daemons/shared/daemon/health.ts';
import { FakeCharon } from '../../../fakes/charon.ts';
import { hostIdOf } from '../../../fixtures/overlay-objects.ts';
import { until } from '../../../netns/support/namespaces.ts';
import { connectionsOf, credentialsOf, ipsecCluster, ipsecWish, pairs } from './support.ts';

const log = { info: () => undefined, warn: () => undefined } as never;

async function open(t: Test) {
  const dir = mkdtempSync('/tmp/co-ipsec-');
  const charon = new FakeCharon(`${dir}/charon.vici`);
  await charon.start();
  const health = new Health();
  const tunnels = new TunnelsKeeper({
    context: { log, health },
    charon: externalCharon(charon.socket, { stop: async () => undefined }),
    socket: charon.socket,
    alone: true,
    onRunning: async () => undefined,
  });
  t.teardown(async () => {
    await tunnels.close();
    await charon.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  return { charon, tunnels, state: () => health.report().conditions.find(({ name }) => name === 'ipsec') };
}

function wishFor(count: number, rest: Partial<TunnelsWish> = {}): TunnelsWish {
  const connections = connectionsOf(ipsecWish(ipsecCluster(count)).networks, credentialsOf(count));
  return { mode: 'policies', own: { by: 'keys', pairs: [pairs[1]!] }, connections, complete: true, ...rest };
}

t.test('what is wanted is loaded, met, and then left alone', async (t) => {
  const { charon, tunnels, state } = await open(t);
  await tunnels.want(wishFor(3));
  t.equal(charon.connections.size, 2);
  t.equal(charon.keys.size, 1);
  await until(
    10_000,
    'both stand',
    () => tunnels.sessions().every((one) => one.state === 'established') && state()?.ok,
  );
  t.equal(state()?.text, '2 of 2 tunnels');
  t.match(tunnels.sessions(), [
    { network: 'corral', hostId: hostIdOf(2), lastRekeyMs: 30_000, ageMs: 60_000, rxBytes: 5, txBytes: 7 },
    { hostId: hostIdOf(3) },
  ]);
  const writes = (): string[] => charon.asked.filter((name) => /^(load|unload|initiate|terminate)/.test(name));
  const before = writes().length;
  await tunnels.want(wishFor(3));
  t.equal(writes().length, before, 'equal means no write');
});

t.test('one more peer is one more connection, one less is one less, and its association ends', async (t) => {
  const { charon, tunnels } = await open(t);
  await tunnels.want(wishFor(2));
  await tunnels.want(wishFor(3));
  t.equal(charon.asked.filter((name) => name === 'load-conn').length, 2, 'what was loaded is not loaded again');
  await until(10_000, 'both stand', () => charon.sas.length === 2);
  await tunnels.want(wishFor(2));
  t.equal(charon.connections.size, 1);
  await until(10_000, 'one is left', () => charon.sas.length === 1);
  await tunnels.want(wishFor(1, { complete: false }));
  t.equal(charon.connections.size, 1, 'nothing is taken away on a doubtful word');
});

t.test('a charon that forgot everything is told everything', async (t) => {
  const { charon, tunnels } = await open(t);
  await tunnels.want(wishFor(3));
  await until(10_000, 'both stand', () => charon.sas.length === 2);
  await charon.stop();
  await charon.start();
  await until(15_000, 'loaded and met again', () => charon.connections.size === 2 && charon.sas.length === 2);
  t.equal(charon.keys.size, 1);
});

t.test('keys: an announced one is loaded, a former one is unloaded', async (t) => {
  const { charon, tunnels } = await open(t);
  await tunnels.want(wishFor(2));
  await tunnels.want(wishFor(2, { own: { by: 'keys', pairs: [pairs[1]!, pairs[4]!] } }));
  t.equal(charon.keys.size, 2);
  await tunnels.want(wishFor(2, { own: { by: 'keys', pairs: [pairs[4]!] } }));
  t.equal(charon.keys.size, 1);
});

t.test('a charon that hangs is told, and what is wanted comes through later', async (t) => {
  const { charon, tunnels, state } = await open(t);
  await charon.stop();
  await t.rejects(tunnels.want(wishFor(2)), { code: 'NOT_RUNNING' });
  t.match(state(), { ok: false, code: 'NOT_RUNNING' });
  await charon.start();
  await until(15_000, 'met', () => charon.sas.length === 1);
});

t.test('a connection that charon refuses does not keep the others from being met', async (t) => {
  const { charon, tunnels, state } = await open(t);
  const wish = wishFor(3);
  charon.refused.add(wish.connections[0]!.name);
  await t.rejects(tunnels.want(wish), { code: 'VICI_REFUSED' });
  await until(10_000, 'the other stands', () => charon.sas.length === 1);
  t.match(state(), { ok: false, code: 'VICI_REFUSED' });
  charon.refused.clear();
  await until(15_000, 'both stand', () => charon.sas.length === 2 && state()?.ok);
});
