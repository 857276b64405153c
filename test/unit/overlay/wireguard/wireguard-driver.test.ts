import t from 'tap';
import type { DriverWish } from '../../../../daemons/overlay/driver.ts';
import { keysOf } from '../../../../daemons/overlay/keys/driver-keys.ts';
import { type OwnKeys, switchOver } from '../../../../daemons/overlay/keys/own-keys.ts';
import { OverrideIndex } from '../../../../daemons/overlay/overrides.ts';
import { wantNetworks } from '../../../../daemons/overlay/want-networks.ts';
import { wireguardDriver } from '../../../../daemons/overlay/wireguard/wireguard-driver.ts';
import type { SnapshotObject } from '../../../../daemons/shared/model/objects.ts';
import { noChange } from '../../../../daemons/shared/model/snapshot.ts';
import { type FakeKernel, makeKernel } from '../../../fakes/wireguard-kernel.ts';
import {
  blockObject,
  containerObject,
  hostIdOf,
  hostObject,
  networkObject,
} from '../../../fixtures/overlay-objects.ts';
import { announced, makeKeys, tunnelObject } from '../../../fixtures/tunnel-objects.ts';
import { factsOf, ip, snapshotOf } from '../support.ts';

const network = networkObject('corral', { driver: 'wireguard' });
const minute = 60_000;

/** As host 1 sees them; `peers` are the keys of hosts 2, 3, …. */
function wishFor(
  own: OwnKeys,
  peers: readonly (OwnKeys | undefined)[],
  more: { objects?: SnapshotObject[]; complete?: boolean; network?: SnapshotObject } = {},
): DriverWish {
  const numbers = [1, ...peers.map((_, at) => at + 2)];
  const objects = [
    more.network ?? network,
    ...numbers.map((number) => hostObject(number)),
    ...numbers.map((number) => blockObject(number)),
    ...(more.objects ?? []),
  ];
  // A later object of the same id counts.
  const last = new Map(objects.map((object) => [`${object.kind}/${object.id}`, object]));
  const snapshot = snapshotOf([...last.values()], { complete: more.complete ?? true });
  const wish = wantNetworks(snapshot, new OverrideIndex().update(snapshot, noChange), new Set(['wireguard']));
  const trusted = new Map(
    peers.flatMap((keys, at) => (keys ? [[hostIdOf(at + 2), tunnelObject(at + 2, keys)] as const] : [])),
  );
  const { networks, guarded, complete } = wish;
  return { networks, guarded, complete, facts: factsOf(wish), keys: keysOf('wireguard', { own, trusted }) };
}

function driverOn(kernel: FakeKernel, now = () => 0, settings = {}) {
  return wireguardDriver({
    netlink: kernel.netlink,
    wireguard: kernel.wireguard,
    settings: { port: 51_820, keepalive: 0, proxies: true, ...settings },
    setSysctl: (path, value) => void kernel.sysctls.set(path, value),
    now,
  });
}

const peersOf = (kernel: FakeKernel) =>
  [...kernel.devices.get('wg1042')!.peers.values()].map(({ publicKey, allowed }) => [publicKey, allowed.length]);
const publicOf = (keys: OwnKeys): string => keys.pairs.wireguard![0]!.publicKey;

t.test('a device, a peer and a route for each host; the second time nothing', async (t) => {
  const kernel = makeKernel();
  const driver = driverOn(kernel);
  const [own, two, three] = [makeKeys(), makeKeys(), makeKeys()];
  const wish = wishFor(own, [two, three]);
  const first = await driver.keep(wish);
  t.same(first.failed, []);
  t.same(first.faults, []);
  const [link] = [...kernel.links.values()];
  t.match(link, { name: 'wg1042', kind: 'wireguard', mtu: 1_440, up: true, alias: 'corral:corral' });
  t.match(kernel.devices.get('wg1042'), { publicKey: publicOf(own), port: 51_820 });
  t.same(peersOf(kernel), [
    [publicOf(two), 1],
    [publicOf(three), 1],
  ]);
  t.match(
    [...kernel.routes.values()],
    [
      { dst: { base: ip('10.42.2.0'), prefix: 24 }, src: ip('10.42.1.1'), index: link!.index },
      { dst: { base: ip('10.42.3.0'), prefix: 24 } },
    ],
  );
  t.equal(kernel.written.indexOf('setRoute'), kernel.written.length - 2, 'routes come last');
  t.ok(kernel.written.indexOf('setDevice') < kernel.written.lastIndexOf('setLink'), 'it has its key before it is up');
  t.equal(kernel.sysctls.get('net/ipv4/conf/wg1042/rp_filter'), '2');
  t.notOk(
    JSON.stringify([first, await driver.diff(wish)]).includes(own.pairs.wireguard![0]!.privateRaw().toString('base64')),
  );
  kernel.written.length = 0;
  t.equal((await driver.keep(wish)).writes, 0);
  t.same(await driver.diff(wish), []);
  t.same(kernel.written, []);
});

t.test('damage heals, each part with what it needs', async (t) => {
  const kernel = makeKernel();
  const driver = driverOn(kernel);
  const [own, two] = [makeKeys(), makeKeys()];
  const wish = wishFor(own, [two]);
  await driver.keep(wish);
  const device = kernel.devices.get('wg1042')!;
  const whole = JSON.stringify([
    [...device.peers.values()],
    [...kernel.routes.values()],
    device.publicKey,
    device.port,
  ]);
  const stranger = publicOf(makeKeys());
  const damages: readonly (() => void)[] = [
    () => device.peers.clear(),
    () => kernel.routes.clear(),
    () => {
      device.publicKey = publicOf(makeKeys());
    },
    () => {
      device.port = 1;
    },
    () => void device.peers.set(stranger, { ...[...device.peers.values()][0]!, publicKey: stranger, allowed: [] }),
    () =>
      void device.peers.set(publicOf(two), {
        ...device.peers.get(publicOf(two))!,
        allowed: [{ base: ip('10.9.0.0'), prefix: 16 }],
      }),
  ];
  for (const damage of damages) {
    damage();
    t.ok((await driver.diff(wish)).length > 0);
    await driver.keep(wish);
    t.equal(
      JSON.stringify([
        [...device.peers.values()].filter(({ publicKey }) => publicKey === publicOf(two)),
        [...kernel.routes.values()],
        device.publicKey,
        device.port,
      ]),
      whole,
    );
    t.equal(device.peers.size, 1);
  }
  const [link] = [...kernel.links.values()];
  await kernel.netlink.dropLink(link!.index);
  await driver.keep(wish);
  t.equal(kernel.devices.get('wg1042')?.peers.size, 1, 'also all of it');
  t.equal(kernel.routes.size, 1);
});

t.test('a host that is not trusted is cut off alone, and lets go when it was', async (t) => {
  const kernel = makeKernel();
  const driver = driverOn(kernel);
  const [own, two, three] = [makeKeys(), makeKeys(), makeKeys()];
  await driver.keep(wishFor(own, [two, three]));
  await driver.keep(wishFor(own, [two, undefined]));
  t.same(peersOf(kernel), [[publicOf(two), 1]]);
  t.equal(kernel.routes.size, 1);
  const doubtful = await driver.keep(wishFor(own, [undefined, three], { complete: false }));
  t.same(peersOf(kernel), [
    [publicOf(two), 1],
    [publicOf(three), 1],
  ]);
  t.equal(doubtful.failed.length, 0);
});

t.test('a rotation of a peer: the next key waits without ranges, then takes them over', async (t) => {
  const kernel = makeKernel();
  const driver = driverOn(kernel);
  const [own, before] = [makeKeys(), makeKeys()];
  const next = announced(before);
  const after = switchOver(next);
  await driver.keep(wishFor(own, [before]));
  await driver.keep(wishFor(own, [next]));
  t.same(peersOf(kernel), [
    [publicOf(before), 1],
    [publicOf(after), 0],
  ]);
  await driver.keep(wishFor(own, [after]));
  t.same(peersOf(kernel), [[publicOf(after), 1]]);
  const mine = announced(own);
  await driver.keep(wishFor(mine, [after]));
  t.equal(kernel.devices.get('wg1042')?.publicKey, publicOf(own), 'announced is not in use');
  await driver.keep(wishFor(switchOver(mine), [after]));
  t.equal(kernel.devices.get('wg1042')?.publicKey, publicOf(switchOver(mine)));
});

t.test('an endpoint that the kernel has learned stays while the peer is heard from', async (t) => {
  const kernel = makeKernel();
  let now = 10 * minute;
  const [own, two] = [makeKeys(), makeKeys()];
  const driver = driverOn(kernel, () => now, { keepalive: 25 });
  await driver.keep(wishFor(own, [two]));
  const { peers } = kernel.devices.get('wg1042')!;
  t.match(peers.get(publicOf(two)), { endpoint: { address: ip('192.168.50.12'), port: 51_820 }, keepalive: 25 });
  const roamed = { address: ip('203.0.113.9'), port: 4_242 };
  peers.set(publicOf(two), { ...peers.get(publicOf(two))!, endpoint: roamed, lastHandshake: now - minute });
  t.same(await driver.diff(wishFor(own, [two])), []);
  now += 5 * minute;
  await driver.keep(wishFor(own, [two]));
  t.match(peers.get(publicOf(two))?.endpoint, { address: ip('192.168.50.12') }, 'nobody answered there');
  peers.set(publicOf(two), { ...peers.get(publicOf(two))!, lastHandshake: now });
  await driver.keep(wishFor(own, [two], { objects: [hostObject(2, { agentIp: '192.168.50.99' })] }));
  t.match(peers.get(publicOf(two))?.endpoint, { address: ip('192.168.50.99') }, 'a new agent address counts at once');
});

t.test('single addresses, moved ones too, and IPv6 inside', async (t) => {
  const kernel = makeKernel();
  const driver = driverOn(kernel);
  const [own, two, three] = [makeKeys(), makeKeys(), makeKeys()];
  const dual = networkObject('corral', { driver: 'wireguard', subnet6: 'fd42::/48' });
  const parts = [2, 3].map((number) =>
    blockObject(number, `10.42.${number}.0/24`, { cidr6: `fd42:0:0:${number}::/64` }),
  );
  const at = (owner: number) => ({ network: dual, objects: [...parts, containerObject(owner, '10.42.77.7')] });
  await driver.keep(wishFor(own, [two, three], at(2)));
  t.same(peersOf(kernel), [
    [publicOf(two), 3],
    [publicOf(three), 2],
  ]);
  t.equal(kernel.routes.size, 5);
  await driver.keep(wishFor(own, [two, three], at(3)));
  t.same(peersOf(kernel), [
    [publicOf(two), 2],
    [publicOf(three), 3],
  ]);
  t.equal((await driver.keep(wishFor(own, [two, three], at(3)))).writes, 0);
});

t.test('a kernel without WireGuard, no keys, a refusal, a name and a port that are taken', async (t) => {
  const [own, two] = [makeKeys(), makeKeys()];
  const lacking = makeKernel();
  lacking.isThere = false;
  const none = await driverOn(lacking).keep(wishFor(own, [two]));
  t.match(none, { writes: 0, faults: [{ network: 'corral', code: 'KERNEL_LACKS' }] });
  t.same(lacking.written, []);
  const kernel = makeKernel();
  const wish = wishFor(own, [two]);
  const keyless = await driverOn(kernel).keep({ ...wish, keys: { own: [], peers: new Map() } });
  t.match(keyless.faults, [{ code: 'KEY_UNUSABLE' }]);
  kernel.refuse = (verb) => verb === 'setPeers';
  const refused = await driverOn(kernel).keep(wish);
  t.match(refused.failed, [{ error: { code: 'NETLINK_REFUSED' } }]);
  t.equal(kernel.routes.size, 0, 'what follows waits');
  kernel.refuse = () => false;
  t.same((await driverOn(kernel).keep(wish)).failed, []);
  t.equal(kernel.routes.size, 1);
  const foreign = makeKernel();
  foreign.links.set(5, { index: 5, name: 'wg1042', kind: 'dummy' } as never);
  t.match((await driverOn(foreign).keep(wish)).faults, [{ code: 'VNI_TAKEN' }]);
});

t.test('without a network its device goes; others’ stay', async (t) => {
  const kernel = makeKernel();
  const driver = driverOn(kernel);
  const wish = wishFor(makeKeys(), [makeKeys()]);
  await driver.keep(wish);
  await kernel.wireguard.createDevice('wg0', 1_420);
  await kernel.netlink.setLink('wg0', { alias: 'mine' });
  await driver.keep({ ...wish, networks: [], complete: false });
  t.equal(kernel.links.size, 2, 'not on a doubtful word');
  await driver.keep({ ...wish, networks: [] });
  t.same(
    [...kernel.links.values()].map(({ name }) => name),
    ['wg0'],
  );
});

t.test('sessions tell how each peer is reached', async (t) => {
  const kernel = makeKernel();
  const now = 10 * minute;
  const driver = driverOn(kernel, () => now);
  const [own, two, three] = [makeKeys(), makeKeys(), makeKeys()];
  await driver.keep(wishFor(own, [two, three, undefined]));
  const { peers } = kernel.devices.get('wg1042')!;
  peers.set(publicOf(two), { ...peers.get(publicOf(two))!, lastHandshake: now - 5_000, rxBytes: 7, txBytes: 9 });
  t.match(await driver.sessions!(), [
    { hostId: hostIdOf(2), state: 'established', lastRekeyMs: 5_000, rxBytes: 7, txBytes: 9 },
    { hostId: hostIdOf(3), state: 'connecting', lastRekeyMs: null },
  ]);
});
