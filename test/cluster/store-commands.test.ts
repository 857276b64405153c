import t from 'tap';
import { callRaw } from '../../daemons/shared/source/call.ts';
import { isRoot, until } from '../netns/support/namespaces.ts';
import { hasEtcd } from './store-etcd.ts';
import {
  type Answer,
  ask,
  blocksOf,
  containersOf,
  hostsOf,
  makeSite,
  networksOf,
  quietPair,
  record,
  type StoreHost,
  send,
} from './store-hosts.ts';

if (!isRoot || !hasEtcd()) {
  t.plan(0, 'needs root and etcd');
  process.exit(0);
}

t.setTimeout(180_000);
const soon = 30_000;

t.test('networks are made and removed for all hosts', async (t) => {
  const { one, two } = await quietPair(t);
  const blue = { name: 'blue', subnet: '10.50.0.0/16' };
  const made = await send(one, 'POST', '/v1/networks', blue);
  t.match(made, { kind: 'network', name: 'blue', block: 24, driver: 'vxlan', isDefault: false });
  await until(soon, 'on both', () => [one, two].every((host) => networksOf(host) === 'blue,corral'));
  await until(soon, 'blocks of it', () => blocksOf(two).filter((text) => text.startsWith('blue/')).length === 2);
  await t.rejects(send(two, 'POST', '/v1/networks', blue), { code: 'NETWORK_EXISTS' });
  const refused: [unknown, string][] = [
    [{ name: 'red', subnet: '10.50.1.0/24' }, 'SUBNET_OVERLAP'],
    [{ name: 'red', subnet: '10.51.0.0/16', vni: made.vni }, 'VNI_TAKEN'],
    [{ name: 'red', subnet: '10.51.0.0/16', default: true }, 'USAGE'],
    [{ name: 'red', subnet: '10.51.0.0/16', cniConfig: { a: { type: 'x' } } }, 'USAGE'],
    [{ name: '../red', subnet: '10.51.0.0/16' }, 'USAGE'],
    [{ name: 'red', subnet: '10.51.0.1/16' }, 'USAGE'],
    [{ name: 'red', subnet: '10.51.0.0/16', colour: 1 }, 'USAGE'],
    [['red'], 'USAGE'],
  ];
  for (const [body, code] of refused)
    await t.rejects(send(one, 'POST', '/v1/networks', body), { code }, JSON.stringify(body));
  const { authority, networks } = await ask(two, '/v1/networks');
  t.equal(authority, 'store');
  t.same(
    networks.map((network: Answer) => [network.name, network.owned.length]),
    [
      ['corral', 2],
      ['blue', 2],
    ],
  );
  await two.report([record(1, { name: 'a', network: 'blue' })]);
  await until(soon, 'seen', () => containersOf(one).join() === 'a');
  await t.rejects(send(one, 'DELETE', '/v1/networks?name=blue'), { code: 'NETWORK_IN_USE', message: /node-2/ });
  const driverOn = (host: StoreHost): string | undefined =>
    [...(host.snapshot()?.all('network') ?? [])].find(({ name }) => name === 'blue')?.driver;
  for (const driver of ['wireguard', 'vxlan']) {
    const changed = await send(one, 'PUT', '/v1/networks', { name: 'blue', driver });
    t.match(changed, { name: 'blue', subnet: blue.subnet, driver, vni: driver === 'vxlan' ? made.vni : undefined });
    await until(soon, `${driver} on both`, () => [one, two].every((host) => driverOn(host) === driver));
  }
  await t.rejects(send(one, 'PUT', '/v1/networks', { name: 'blue', driver: 'x' }), { code: 'USAGE' });
  await t.rejects(send(one, 'PUT', '/v1/networks', { name: 'blue', driver: 'none', mtu: 9 }), { code: 'USAGE' });
  await t.rejects(send(one, 'PUT', '/v1/networks', { name: 'nope', driver: 'none' }), { code: 'NETWORK_UNKNOWN' });
  await t.rejects(send(one, 'DELETE', '/v1/networks?name=corral'), { code: 'NETWORK_IN_USE' });
  await t.rejects(send(one, 'DELETE', '/v1/networks?name=nope'), { code: 'NETWORK_UNKNOWN' });
  await two.report([]);
  await until(soon, 'gone', () => containersOf(one).length === 0);
  t.same(await send(one, 'DELETE', '/v1/networks?name=blue'), { removed: 'blue' });
  await until(soon, 'on both', () =>
    [one, two].every((host) => networksOf(host) === 'corral' && blocksOf(host).length === 2),
  );
});

t.test('the file proposes, the store wins, and a difference is told', async (t) => {
  const site = await makeSite(t);
  const networks = (subnet: string, mtu: number): string =>
    `networks: [ { name: corral, default: true }, { name: side, subnet: ${subnet}, mtu: ${mtu} } ]`;
  const one = site.addHost(t, { more: networks('10.60.0.0/16', 1400) });
  await one.start();
  await until(soon, 'proposed', () => site.etcd.ctl('get', '--prefix', '/corral/v1/networks/side').includes('1400'));
  const two = site.addHost(t, { more: networks('10.61.0.0/16', 1300) });
  await two.start();
  const drift = await until(soon, 'told', async () =>
    (await two.daemon().health()).conditions.find(({ code }) => code === 'CONFIG_DRIFT'),
  );
  t.match(drift.text, /side: subnet is 10\.60\.0\.0\/16 in the cluster, 10\.61\.0\.0\/16 in the file/);
  t.ok(drift.degradesOnly);
  await until(soon, 'used', () => networksOf(two) === 'corral,side');
  const used = [...two.snapshot()!.all('network')].find(({ name }) => name === 'side');
  t.match(used, { subnet: '10.60.0.0/16', mtu: 1400 });
  await t.rejects(send(two, 'DELETE', '/v1/networks?name=side'), {
    code: 'CONFIG_DECIDES',
    message: /node-1, this host/,
  });
});

t.test('what is declared on one host is known on all, without its tokens', async (t) => {
  const site = await makeSite(t);
  const more = 'declared: { services: [ { name: db, stack: ext, externalIps: [192.0.2.9], token: secret-token } ] }';
  const one = site.addHost(t, { more });
  await one.start();
  const two = site.addHost(t);
  await two.start();
  const services = (host: StoreHost): string[] => [...(host.snapshot()?.all('service') ?? [])].map(({ name }) => name);
  await until(soon, 'on both', () => [one, two].every((host) => services(host).join() === 'db'));
  t.notMatch(site.etcd.ctl('get', '--prefix', '/'), /secret-token/);
  one.root.configure(
    `host: { name: node-1 }\nstore: { kind: etcd, endpoints: ['${site.etcd.endpoint}'], lease: 3 }\nengines: []\n`,
  );
  one.daemon().process.kill('SIGHUP');
  await until(soon, 'withdrawn', () => [one, two].every((host) => services(host).length === 0));
});

t.test('hosts are listed, and removed once they are gone', async (t) => {
  const { site, one, two } = await quietPair(t);
  const { hosts, connected, store } = await ask(one, '/v1/hosts');
  t.same([connected, store], [true, 'etcd']);
  t.match(hosts, [
    {
      name: 'node-1',
      agentIp: '192.168.50.11',
      alive: true,
      self: true,
      goneMs: null,
      blocks: [{ network: 'corral' }],
    },
    { name: 'node-2', agentIp: '192.168.50.12', alive: true, self: false, declared: false, vtepMac: /^0e:00:/ },
  ]);
  await t.rejects(send(one, 'DELETE', '/v1/hosts?name=node-2'), { code: 'HOST_ALIVE' });
  await t.rejects(send(one, 'DELETE', '/v1/hosts?name=node-1'), { code: 'HOST_ALIVE' });
  await t.rejects(send(one, 'DELETE', '/v1/hosts?name=nobody'), { code: 'TARGET_UNKNOWN' });
  await t.rejects(send(one, 'DELETE', '/v1/hosts'), { code: 'USAGE' });
  await two.report([record(1, { name: 'a' })]);
  await until(soon, 'seen', () => containersOf(one).join() === 'a');
  await two.daemon().kill('SIGKILL');
  await until(soon, 'gone', () => hostsOf(one).includes('node-2 gone'));
  const before = blocksOf(one);
  const removed = await send(one, 'DELETE', `/v1/hosts?id=${two.snapshot()!.hostId}`);
  t.match(removed, { removed: { name: 'node-2' }, blocks: [/^10\.42\.[01]\.0\/24$/] });
  await until(soon, 'forgotten', () => hostsOf(one).join() === 'node-1' && containersOf(one).length === 0);
  t.equal(blocksOf(one).length, 1);
  t.notMatch(site.etcd.ctl('get', '--prefix', '/', '--keys-only'), two.snapshot()!.hostId);
  const three = site.addHost(t);
  await three.start();
  await until(soon, 'its block is free again', () => blocksOf(one).length === 2);
  await two.start();
  const conflict = await until(soon, 'told', async () =>
    (await two.daemon().health()).conditions.find(({ code }) => code === 'BLOCK_CONFLICT'),
  );
  t.match(conflict.text, /belongs to node-3 .* not to node-2/);
  await until(soon, 'another block', () => blocksOf(one).length === 3);
  t.same(
    before.filter((text) => text.endsWith('node-1')),
    blocksOf(one).filter((text) => text.endsWith('node-1')),
  );
});

t.test('blocks and addresses for the daemons of a host', async (t) => {
  const more =
    'networks: [ { name: corral, default: true, subnet: 10.42.0.0/22 }, { name: flat, subnet: 10.43.0.0/29, blocks: none } ]';
  const { one, two } = await quietPair(t, more);
  const first = blocksOf(one);
  const { cidr } = await send(one, 'POST', '/v1/blocks', { network: 'corral' });
  t.same(await send(one, 'POST', '/v1/blocks', { network: 'corral' }), { cidr }, 'asked twice in a moment');
  await until(soon, 'on both', () => [one, two].every((host) => blocksOf(host).length === 3));
  const more3 = [...two.snapshot()!.all('block')].filter(({ extra }) => extra);
  t.same(
    more3.map((block) => block.cidr),
    [cidr],
  );
  await two.report([]);
  await one.report([record(1, { name: 'a', ips: [cidr.replace('.0/24', '.9')] })]);
  await until(soon, 'seen', () => containersOf(one).join() === 'a');
  await t.rejects(send(one, 'DELETE', '/v1/blocks', { network: 'corral', cidr }), { code: 'SUBNET_IN_USE' });
  const own = first
    .find((text) => text.endsWith('node-1'))!
    .split(' ')[0]!
    .slice('corral/'.length);
  await t.rejects(send(one, 'DELETE', '/v1/blocks', { network: 'corral', cidr: own }), { code: 'SUBNET_IN_USE' });
  await one.report([]);
  await until(soon, 'gone', () => containersOf(one).length === 0);
  t.same(await send(one, 'DELETE', '/v1/blocks', { network: 'corral', cidr }), { released: true });
  t.same(await send(one, 'DELETE', '/v1/blocks', { network: 'corral', cidr }), { released: false });
  await until(soon, 'on both', () => [one, two].every((host) => blocksOf(host).length === 2));
  await t.rejects(send(one, 'POST', '/v1/blocks', { network: 'flat' }), { code: 'USAGE' });
  await t.rejects(send(one, 'POST', '/v1/blocks', { network: 'nope' }), { code: 'NETWORK_UNKNOWN' });
  const claim = (host: StoreHost, owner: string, ip: string | null = null): Promise<Answer> =>
    send(host, 'POST', '/v1/addresses', { network: 'flat', owner, ip, exclude: [] });
  t.same(await claim(one, 'x', '10.43.0.4'), { ip: '10.43.0.4' });
  const body = { network: 'flat', owner: 'y', ip: '10.43.0.4', exclude: [] };
  const taken = await callRaw(two.root.metadataSocket, '/v1/addresses', { method: 'POST', body });
  t.equal(taken.status, 409);
  t.match(JSON.parse(taken.text), { code: 'ADDRESS_TAKEN', owner: 'x', host: 'node-1' });
  const ips = await Promise.all([claim(one, 'a'), claim(two, 'b'), claim(two, 'c'), claim(one, 'd')]);
  t.equal(new Set(ips.map(({ ip }) => ip)).size, 4);
  await t.rejects(claim(one, 'e'), { code: 'ADDRESSES_EXHAUSTED' });
  for (const ip of ['10.43.0.0', '10.43.0.1', '10.43.0.7', '10.99.0.1', 'x'])
    await t.rejects(claim(one, 'e', ip), { code: 'USAGE' }, ip);
  t.equal((await ask(one, '/v1/addresses?network=flat')).length, 3);
  t.same(await send(two, 'DELETE', '/v1/addresses', { network: 'flat', ip: '10.43.0.4', owner: 'x' }), {
    released: false,
  });
  t.same(await send(one, 'DELETE', '/v1/addresses', { network: 'flat', ip: '10.43.0.4', owner: 'x' }), {
    released: true,
  });
  t.same(await claim(two, 'e'), { ip: '10.43.0.4' });
});
