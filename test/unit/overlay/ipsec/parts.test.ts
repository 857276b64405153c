// Small decisions of the IPsec driver: what is blocked, loaded, told, and why a tunnel is missing.
import { chmodSync } from 'node:fs';
import t from 'tap';
import { renderConfig } from '../../../../daemons/overlay/ipsec/charon/render-config.ts';
import { chooseMode } from '../../../../daemons/overlay/ipsec/choose-mode.ts';
import { noteMarks, planLoads } from '../../../../daemons/overlay/ipsec/load-steps.ts';
import { parseSas } from '../../../../daemons/overlay/ipsec/parse-sas.ts';
import { reasonOf } from '../../../../daemons/overlay/ipsec/reasons.ts';
import { readSecret } from '../../../../daemons/overlay/ipsec/secret-file.ts';
import { stateOfTunnels } from '../../../../daemons/overlay/ipsec/session-state.ts';
import { decodePacket, encodePacket } from '../../../../daemons/overlay/ipsec/vici-codec.ts';
import { planXfrm, wantXfrm } from '../../../../daemons/overlay/ipsec/xfrm-device.ts';
import { charonPlaces } from '../../../../daemons/shared/model/ipsec.ts';
import { parseCidr4 } from '../../../../daemons/shared/model/ipv4.ts';
import { hostIdOf } from '../../../fixtures/overlay-objects.ts';
import { factsOf } from '../support.ts';
import { connectionsOf, credentialsOf, ipsecCluster, ipsecWish } from './support.ts';

const wish = ipsecWish(ipsecCluster(3));

t.test('connections are loaded before others are unloaded, and only those of ours', async (t) => {
  const wants = connectionsOf(wish.networks, credentialsOf(3));
  const [one, two] = wants;
  const marks = (...names: string[]) => new Map(names.map((name) => [name, `mark of ${name}`]));
  const loaded = new Map([[one!.name, { digest: one!.digest, shown: undefined }]]);
  const steps = planLoads(wants, marks(one!.name, 'corral-gone', 'of-others'), loaded, true);
  t.same(
    steps.map((step) => [step.do, step.do === 'load' ? step.want.name : step.name]),
    [
      ['load', two!.name],
      ['unload', 'corral-gone'],
    ],
  );
  t.equal(
    planLoads(wants, marks(one!.name, two!.name), new Map(), true).length,
    2,
    'what another life loaded is told again',
  );
  const seen = (shown: string) => new Map(wants.map(({ name, digest }) => [name, { digest, shown }]));
  const again = planLoads(wants, marks(one!.name, two!.name), seen(`mark of ${two!.name}`), true);
  t.match(again, [{ do: 'load', want: { name: one!.name } }], 'what somebody has told charon otherwise');
  t.equal(again.length, 1);
});

t.test('the first mark that charon shows of a connection is noted, and no later one', (t) => {
  const loaded = new Map([
    ['corral-new', { digest: 'n', shown: undefined }],
    ['corral-known', { digest: 'k', shown: 'first' }],
    ['corral-unseen', { digest: 'u', shown: undefined }],
    ['corral-ended', { digest: 'e', shown: 'first' }],
  ]);
  const have = new Map([
    ['corral-new', 'mark'],
    ['corral-known', 'another'],
    ['of-others', 'mark'],
  ]);
  t.same(
    [...noteMarks(loaded, have)],
    [
      ['corral-new', { digest: 'n', shown: 'mark' }],
      ['corral-known', { digest: 'k', shown: 'first' }],
      ['corral-unseen', { digest: 'u', shown: undefined }],
      ['corral-ended', { digest: 'e', shown: 'first' }],
    ],
  );
  t.end();
});

t.test('the XFRM interface and its routes follow the peers', async (t) => {
  const [network] = wish.networks;
  const want = wantXfrm(network!, factsOf(wish));
  t.match(want, { name: 'xfrm1042', ifId: 1042, mtu: 1_402, alias: 'corral:corral' });
  t.same(
    want.routes.map(({ dst }) => dst),
    [parseCidr4('10.42.2.0/24'), parseCidr4('10.42.3.0/24')],
  );
  const device = { index: 9, name: 'xfrm1042', kind: 'xfrm', ifId: 1042, mtu: 1_402, up: true, alias: want.alias };
  const routes = want.routes.map((route) => ({ ...route, index: 9 }));
  t.same(planXfrm([want], [device], routes, true), []);
  const verbs = (...args: Parameters<typeof planXfrm>) => planXfrm(...args).map((step) => step.do);
  t.same(verbs([want], [], [], true), ['create', 'route', 'route']);
  t.same(verbs([want], [{ ...device, ifId: 7 }], routes, true), ['create', 'route', 'route'], 'they go with it');
  t.same(verbs([want], [{ ...device, up: false, mtu: 1_400 }], routes, true), ['alter']);
  const stray = { dst: parseCidr4('10.42.9.0/24')!, index: 9 };
  t.same(verbs([want], [device], [...routes, stray], true), ['drop-route']);
  t.same(verbs([want], [device], [...routes, stray], false), []);
  t.same(verbs([], [device], routes, true), ['drop-device']);
  t.same(verbs([], [{ ...device, alias: undefined }], [], true), [], 'somebody else’s');
});

t.test('charon’s words become reasons, and a lasting absence is told by name', async (t) => {
  const name = `corral-${hostIdOf(2)}-aaaaaaaa`;
  t.match(reasonOf({ msg: 'received AUTHENTICATION_FAILED notify error', 'ikesa-name': name }), {
    hostId: hostIdOf(2),
    isTrust: true,
  });
  t.match(reasonOf({ msg: `no trusted ED25519 public key found for '${hostIdOf(3)}'` }), { hostId: hostIdOf(3) });
  t.equal(reasonOf({ msg: 'received AUTHENTICATION_FAILED notify error', 'ikesa-name': 'other' }), undefined);
  t.equal(reasonOf({ msg: 'sending packet', 'ikesa-name': name }), undefined);
  const wants = connectionsOf(wish.networks, credentialsOf(3));
  const missing = new Map([[hostIdOf(2), 1_000]]);
  t.match(stateOfTunnels(wants, missing, new Map(), 2_000), { ok: true, text: '1 of 2 tunnels' });
  t.match(stateOfTunnels(wants, missing, new Map(), 9_000), { ok: false, code: 'PEER_LOST', text: /to node-2$/ });
  const reasons = new Map([[hostIdOf(2), { hostId: hostIdOf(2), isTrust: true, text: 'no' }]]);
  t.match(stateOfTunnels(wants, missing, reasons, 2_000), { code: 'PEER_REFUSED', text: 'no tunnel to node-2 (no)' });
});

t.test('associations are read from what charon lists; what is no association is passed over', async (t) => {
  const event = decodePacket(
    encodePacket('event', 'list-sa', {
      one: { uniqueid: 1, state: 'ESTABLISHED', established: 'x'.repeat(20), 'child-sas': { 'a-2': { uniqueid: 3 } } },
      two: { state: 'CONNECTING' },
      three: 'text',
      four: ['list'],
    }).subarray(4),
  ).message;
  t.same(parseSas([event]), [{ name: 'one', id: '1', state: 'ESTABLISHED', age: 0, children: [] }]);
});

t.test('charon’s configuration holds no secret, and routes only where it has to', async (t) => {
  const places = charonPlaces('/run/corral');
  t.match(renderConfig('interface', places), 'install_routes = no');
  t.notMatch(renderConfig('interface', places), 'libipsec');
  const text = renderConfig('user-space', places);
  t.ok(text.indexOf('kernel-libipsec') < text.indexOf('kernel-netlink'), 'asked first');
  t.match(text, 'socket = unix:///run/corral/ipsec/charon.vici');
});

t.test('a shared secret is taken from a file of root’s alone', async (t) => {
  const dir = t.testdir({ good: `${'5'.repeat(32)}\n`, short: 'secret', open: '7'.repeat(32) });
  for (const name of ['good', 'short']) chmodSync(`${dir}/${name}`, 0o600);
  chmodSync(`${dir}/open`, 0o640);
  t.equal(readSecret(`${dir}/good`).toString(), '5'.repeat(32));
  t.throws(() => readSecret(`${dir}/short`), { code: 'KEY_UNUSABLE', message: /shorter/ });
  t.throws(() => readSecret(`${dir}/open`), { code: 'KEY_UNUSABLE', hint: /chmod/ });
  t.throws(() => readSecret(`${dir}/none`), { code: 'FILE_UNREADABLE' });
});

t.test('a kernel without ESP is a clear refusal, unless charon may encrypt', async (t) => {
  const can = (esp: boolean, links: boolean) =>
    [{ hasEsp: async () => esp }, { hasXfrmLinks: async () => links }] as const;
  t.equal(await chooseMode(...can(true, true), false), 'interface');
  t.equal(await chooseMode(...can(true, false), true), 'policies');
  await t.rejects(chooseMode(...can(false, true), false), { code: 'KERNEL_LACKS', hint: /modprobe esp4/ });
});
