// The key keeper with real files and a clock that is advanced by hand.
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import t, { type Test } from 'tap';
import { keysOf } from '../../../../daemons/overlay/keys/driver-keys.ts';
import { KeyKeeper } from '../../../../daemons/overlay/keys/keep-keys.ts';
import { KeyPair } from '../../../../daemons/overlay/keys/key-pair.ts';
import { configSchema } from '../../../../daemons/shared/daemon/config-schema.ts';
import { Health } from '../../../../daemons/shared/daemon/health.ts';
import { makeLog } from '../../../../daemons/shared/daemon/log.ts';
import type { SnapshotObject, SourceRecord, TunnelObject } from '../../../../daemons/shared/model/objects.ts';
import { FakeClock } from '../../../fakes/clock.ts';
import { hostIdOf, hostObject } from '../../../fixtures/overlay-objects.ts';
import { announced, makeKeys, tunnelObject } from '../../../fixtures/tunnel-objects.ts';
import { snapshotOf } from '../support.ts';

const uses = ['wireguard', 'ipsec'] as const;

/** One life of the keeper on the state below `root`. */
function live(root: string, overlay: Readonly<Record<string, unknown>> = {}) {
  const health = new Health();
  const clock = new FakeClock();
  const said: TunnelObject[] = [];
  const paths = { state: root };
  const log = makeLog('overlay', 'error');
  const context = { health, log, paths, config: configSchema.parse({ overlay }) };
  let changes = 0;
  const keys: KeyKeeper = new KeyKeeper({
    context,
    clock,
    publish: (record: SourceRecord) => void said.push(record as TunnelObject),
    onChanged: () => {
      changes += 1;
    },
  });
  return {
    keys,
    clock,
    said,
    dir: join(paths.state, 'keys'),
    see: (...objects: SnapshotObject[]) => keys.take(snapshotOf([hostObject(1), ...objects]), uses),
    last: () => said.at(-1)!,
    condition: () => health.report().conditions.find(({ name }) => name === 'keys'),
    changes: () => changes,
  };
}

const rootOf = (t: Test): string => t.testdir({});

t.test('keys are made when a network needs them, published, and kept', async (t) => {
  const root = rootOf(t);
  const first = live(root);
  first.keys.take(snapshotOf([hostObject(1)]), []);
  t.same(first.said, [], 'nothing is made for nobody');
  first.see();
  t.match(first.last(), { id: hostIdOf(1), serial: 1, wireguard: { port: 51_820 } });
  t.equal(statSync(first.dir).mode & 0o777, 0o700);
  for (const file of readdirSync(first.dir)) t.equal(statSync(join(first.dir, file)).mode & 0o777, 0o600, file);
  first.see(hostObject(2));
  t.equal(first.said.length, 1, 'equal is not said again');
  const second = live(root);
  second.see();
  t.same(second.last(), first.last(), 'the same after a restart');
});

t.test('private keys are nowhere but in their file', async (t) => {
  const { keys, see, said, condition } = live(rootOf(t));
  see(hostObject(2), tunnelObject(2));
  const own = keys.ring.own!;
  const everything = [
    inspect(keys, { depth: 9, showHidden: true }),
    JSON.stringify([keys.ring, keys.report(), said, condition()]),
  ];
  const { identity, pairs } = own;
  for (const pair of [identity, ...Object.values(pairs).flat()]) {
    const secret = pair.privateRaw();
    for (const form of ['base64', 'hex', 'base64url'] as const) {
      for (const text of everything) t.notOk(text.includes(secret.toString(form).slice(0, 40)), `${pair.role} ${form}`);
    }
  }
  try {
    KeyPair.read('wireguard', identity.privatePkcs8().toString('base64'));
    t.fail('a key of another kind is none');
  } catch (error) {
    t.match(error, { code: 'KEY_UNUSABLE' });
    t.notOk(inspect(error, { depth: 9 }).includes(identity.privateRaw().toString('base64').slice(0, 40)));
  }
});

t.test('a rotation: announced, taken in by the living, then used; also across kills', async (t) => {
  const root = rootOf(t);
  const one = live(root);
  const peer = makeKeys();
  one.see(hostObject(2), tunnelObject(2, peer));
  const old = one.last();
  t.match(one.keys.rotate(), { serial: 2, waitsFor: ['node-2'] });
  const told = one.last();
  t.equal(told.wireguard!.keys[0], old.wireguard!.keys[0]);
  t.equal(told.wireguard!.keys.length, 2);
  t.equal(one.keys.rotate().serial, 2, 'one at a time');
  const two = live(root); // killed, and started again
  two.see(hostObject(2), tunnelObject(2, peer));
  t.same(two.last().wireguard, told.wireguard, 'what was announced stays so');
  two.see(hostObject(2), tunnelObject(2, peer, { [hostIdOf(1)]: 2 }));
  t.match(two.last(), {
    serial: 3,
    wireguard: { keys: [told.wireguard!.keys[1]] },
    ipsec: { keys: [told.ipsec!.keys[1]] },
  });
  t.notOk(
    readFileSync(join(two.dir, 'own.json'), 'utf8').includes(
      one.keys.ring.own!.pairs.wireguard![0]!.privatePkcs8().toString('base64'),
    ),
  );
  t.same(two.keys.report().waitsFor, []);
});

t.test('who does not answer is waited for no longer than the grace', async (t) => {
  const { keys, see, clock, last } = live(rootOf(t));
  const [two, three] = [makeKeys(), makeKeys()];
  see(hostObject(2), hostObject(3), tunnelObject(2, two), tunnelObject(3, three));
  keys.rotate();
  await clock.advance(70_000);
  t.equal(last().wireguard!.keys.length, 2, 'it has reached nobody');
  see(hostObject(2), hostObject(3), tunnelObject(2, two, { [hostIdOf(1)]: 2 }), tunnelObject(3, three));
  await clock.advance(5_001);
  t.match(last(), { serial: 3 });
  t.equal(last().wireguard!.keys.length, 1);
});

t.test('announcements of others are acknowledged when the drivers have them', async (t) => {
  const { keys, see, last } = live(rootOf(t));
  const peer = announced(makeKeys());
  see(hostObject(2), tunnelObject(2, peer));
  t.notOk(last().ready);
  keys.kept(keys.ring);
  t.same(last().ready, { [hostIdOf(2)]: peer.serial });
  t.equal(last().serial, 1, 'that is no other key');
  t.equal(keysOf('wireguard', keys.ring).peers.get(hostIdOf(2))?.keys.length, 2);
});

t.test('where hosts have to be listed a new one is cut off and named, until a person trusts it', async (t) => {
  const root = rootOf(t);
  const one = live(root, { trust: 'listed' });
  const [second, third] = [tunnelObject(2), tunnelObject(3)];
  const objects = [hostObject(2), hostObject(3), second, third];
  one.see(...objects);
  t.equal(one.keys.ring.trusted.size, 0);
  t.match(one.condition(), { ok: false, degradesOnly: true, code: 'KEY_UNKNOWN', text: /node-2 .*node-3/ });
  t.match(one.keys.report().hosts, [
    { host: 'node-2', trusted: false, reason: /nobody has trusted it/ },
    { host: 'node-3', trusted: false },
  ]);
  one.keys.trust('node-2');
  t.same([...one.keys.ring.trusted.keys()], [hostIdOf(2)]);
  t.match(one.condition(), { code: 'KEY_UNKNOWN', text: /node-3/ });
  const two = live(root, { trust: 'listed' });
  two.see(...objects);
  t.same([...two.keys.ring.trusted.keys()], [hostIdOf(2)], 'it is remembered');
  const three = live(root);
  three.see(...objects);
  t.equal(three.keys.ring.trusted.size, 2, 'as usual a new host is trusted at first sight');
  const four = live(root, { trust: 'listed' });
  four.see(...objects);
  t.equal(four.keys.ring.trusted.size, 2, 'and from then on known');
});

t.test(
  'a changed identity cuts off that host alone, until a person trusts it; remembered across restarts',
  async (t) => {
    const root = rootOf(t);
    const one = live(root);
    one.see(hostObject(2), hostObject(3), tunnelObject(2), tunnelObject(3));
    const two = live(root);
    const strange = tunnelObject(2);
    two.see(hostObject(2), hostObject(3), strange);
    t.match(two.condition(), { ok: false, degradesOnly: true, code: 'KEY_CHANGED', text: /node-2/ });
    t.equal(two.keys.ring.trusted.size, 0);
    t.throws(() => two.keys.trust('nobody'), { code: 'TARGET_UNKNOWN' });
    t.throws(() => two.keys.trust('node-3'), { code: 'NOT_READY' }, 'nothing to trust');
    const before = two.changes();
    t.match(two.keys.trust('node-2'), { hostId: hostIdOf(2), identity: strange.identity });
    t.ok(two.changes() > before);
    t.match(two.condition(), { ok: true });
    const three = live(root);
    three.see(hostObject(2), strange);
    t.equal(three.keys.ring.trusted.size, 1);
  },
);

t.test('a file that others can read is not used and not touched; a damaged one is kept aside', async (t) => {
  const root = rootOf(t);
  const one = live(root);
  one.see();
  const own = join(one.dir, 'own.json');
  const text = readFileSync(own, 'utf8');
  chmodSync(own, 0o640);
  const two = live(root);
  two.see();
  t.match(two.condition(), { ok: false, degradesOnly: false, code: 'KEY_UNUSABLE', text: /chmod 600/ });
  t.equal(two.keys.ring.own, undefined, 'nothing can be sent');
  t.equal(readFileSync(own, 'utf8'), text);
  chmodSync(own, 0o600);
  await two.clock.advance(5_001);
  t.same(two.last(), one.last(), 'it is used when that is put right');
  t.match(two.condition(), { ok: true });
  for (const damaged of ['', '{', '[]', text.slice(0, 90), '{"serial":1,"identity":"AAAA"}']) {
    writeFileSync(own, damaged, { mode: 0o600 });
    const three = live(root);
    three.see();
    t.match(three.condition(), { ok: false, degradesOnly: true, code: 'KEY_UNUSABLE', text: /kept as/ });
    t.equal(readFileSync(`${own}.damaged`, 'utf8'), damaged);
    t.not(three.last().identity, one.last().identity, 'a new one');
  }
  const peers = join(one.dir, 'peers.json');
  mkdirSync(peers);
  const unread = live(root);
  unread.see(hostObject(2), tunnelObject(2));
  t.match(unread.condition(), { ok: false, degradesOnly: false, code: 'FILE_UNREADABLE' });
  t.equal(unread.keys.ring.trusted.size, 0, 'without what is remembered nobody is trusted');
  await unread.clock.advance(5_001);
  t.equal(unread.keys.ring.trusted.size, 0);
  rmSync(peers, { recursive: true });
  writeFileSync(peers, '{"x":1}', { mode: 0o600 });
  const four = live(root);
  four.see();
  t.match(four.condition(), { code: 'KEY_UNUSABLE', text: /peers.json/ });
});
