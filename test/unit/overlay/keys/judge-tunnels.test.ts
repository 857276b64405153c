import t from 'tap';
import { isGenuine } from '../../../../daemons/overlay/keys/genuine.ts';
import { judgeTunnels as judge, type Pins } from '../../../../daemons/overlay/keys/judge-tunnels.ts';
import { switchOver } from '../../../../daemons/overlay/keys/own-keys.ts';
import { maySwitch, readinessOf, readyFor } from '../../../../daemons/overlay/keys/rotation.ts';
import type { TunnelObject } from '../../../../daemons/shared/model/objects.ts';
import { hostIdOf, hostObject } from '../../../fixtures/overlay-objects.ts';
import { announced, makeKeys, tunnelObject } from '../../../fixtures/tunnel-objects.ts';
import { snapshotOf } from '../support.ts';

const self = hostIdOf(1);
const none: Pins = new Map();
const judgeTunnels = (tunnels: TunnelObject[], own: string, pins: Pins) => judge(tunnels, own, pins, 'first-sight');
const trustedIn = (judged: ReturnType<typeof judgeTunnels>): string[] => [...judged.trusted.keys()].sort();

t.test('the first identity is remembered, another one is refused and named', async (t) => {
  const keys = makeKeys();
  const first = judgeTunnels([tunnelObject(2, keys), tunnelObject(3)], self, none);
  t.same(trustedIn(first), [hostIdOf(2), hostIdOf(3)]);
  t.equal(first.pins.get(hostIdOf(2))?.identity, keys.identity.publicKey);
  const again = judgeTunnels([tunnelObject(2, keys)], self, first.pins);
  t.equal(again.pins, first.pins, 'nothing is new');
  const other = judgeTunnels([tunnelObject(2), tunnelObject(4)], self, first.pins);
  t.same(trustedIn(other), [hostIdOf(4)], 'that host alone is cut off');
  t.match(other.refused, [{ hostId: hostIdOf(2), code: 'KEY_CHANGED' }]);
  t.equal(other.pins.get(hostIdOf(2))?.identity, keys.identity.publicKey, 'it is still asked for the former one');
});

t.test('where hosts have to be listed a new one is refused and not remembered, and a known one goes on', async (t) => {
  const [known, strange] = [makeKeys(), makeKeys()];
  const { pins } = judgeTunnels([tunnelObject(2, known)], self, none);
  const both = [tunnelObject(2, known), tunnelObject(3, strange)];
  const listed = judge(both, self, pins, 'listed');
  t.same(trustedIn(listed), [hostIdOf(2)]);
  t.match(listed.refused, [
    { hostId: hostIdOf(3), code: 'KEY_UNKNOWN', text: strange.identity.publicKey.slice(0, 12) },
  ]);
  t.equal(listed.pins, pins, 'another look finds it as strange');
  const trusted = new Map([...pins, [hostIdOf(3), { identity: strange.identity.publicKey, serial: 1 }]]);
  t.same(trustedIn(judge(both, self, trusted, 'listed')), [hostIdOf(2), hostIdOf(3)]);
  const other = judge([tunnelObject(2)], self, pins, 'listed');
  t.match(other.refused, [{ code: 'KEY_CHANGED' }], 'another identity is no new host');
  const forged = { ...tunnelObject(3), serial: 9 };
  t.match(judge([forged], self, none, 'listed').refused, [{ code: 'KEY_UNUSABLE' }]);
});

t.test('new keys that the known identity signed are taken, older ones never again', async (t) => {
  const before = makeKeys();
  const next = announced(before);
  const after = switchOver(next);
  const seen = judgeTunnels([tunnelObject(2, before)], self, none);
  const offline = judgeTunnels([tunnelObject(2, after)], self, seen.pins);
  t.same(trustedIn(offline), [hostIdOf(2)], 'who was away while they were announced takes them all the same');
  for (const old of [before, next]) {
    const replayed = judgeTunnels([tunnelObject(2, old)], self, offline.pins);
    t.match(replayed.refused, [{ code: 'KEY_CHANGED' }]);
    t.equal(replayed.trusted.size, 0);
  }
});

t.test('what is not signed by the identity is refused', async (t) => {
  const right = tunnelObject(2);
  t.ok(isGenuine(right));
  const strange = tunnelObject(3);
  const forged = [
    { ...right, wireguard: { ...right.wireguard!, keys: strange.wireguard!.keys } },
    { ...right, wireguard: { ...right.wireguard!, port: 1 } },
    { ...right, ipsec: strange.ipsec! },
    { ...right, serial: 9 },
    { ...right, id: hostIdOf(3), hostId: hostIdOf(3) },
    { ...right, identity: strange.identity },
    { ...right, identity: Buffer.alloc(32, 255).toString('base64') },
  ];
  for (const one of forged) {
    const judged = judgeTunnels([one], self, none);
    t.match(judged.refused, [{ code: 'KEY_UNUSABLE' }]);
    t.equal(judged.pins, none, 'and not remembered');
  }
});

t.test('a rotation waits for the living alone', async (t) => {
  const own = announced(makeKeys());
  const hosts = [hostObject(1), hostObject(2), hostObject(3), hostObject(4, { alive: false })];
  const tunnels = [
    tunnelObject(2, makeKeys(), { [self]: own.serial }),
    tunnelObject(3, makeKeys(), { [self]: own.serial - 1 }),
    tunnelObject(4),
  ];
  const judged = judgeTunnels(tunnels, self, none);
  const readiness = readinessOf(snapshotOf([...hosts, ...tunnels]), judged.trusted, own);
  t.same(readiness, { ready: ['node-2'], late: ['node-3'] });
  t.notOk(maySwitch(readiness, true, false));
  t.ok(maySwitch(readiness, true, true));
  t.notOk(maySwitch({ ready: [], late: ['node-3'] }, true, true), 'not while the announcement has reached nobody');
  t.ok(maySwitch({ ready: [], late: [] }, true, false), 'alone');
  t.notOk(maySwitch({ ready: [], late: [] }, false, false), 'who is there is not known yet');
  const rotating = judgeTunnels([tunnelObject(2, own), tunnelObject(3)], self, none);
  t.same(readyFor(rotating.trusted, 9), { [hostIdOf(2)]: own.serial });
});
