import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { config, Lab, type Run, skipReason } from './lab.ts';

const ranged = (ranges: object[][], more: object = {}): object => ({
  ...config,
  bridge: 'cni9',
  ipam: { type: 'corral-ipam', ranges, ...more },
});
const addressOf = (run: Run): string => JSON.parse(run.stdout).ips?.[0].address ?? run.stdout;

t.test('a configuration with its own range needs no block', { skip: skipReason }, async (t) => {
  const lab = new Lab(t, null);
  const routes = [{ dst: '192.0.2.0/24' }, { dst: '198.51.100.0/24', gw: '10.9.0.77' }];
  const subnet = { subnet: '10.9.0.0/24', rangeStart: '10.9.0.10', rangeEnd: '10.9.0.11', gateway: '10.9.0.254' };
  const conf = { ...config, bridge: 'cni9', ipam: { type: 'corral-ipam', ...subnet, routes } };
  const [one, two, three] = [lab.container(), lab.container(), lab.container()];
  t.equal(addressOf(await lab.cni('ADD', one, { config: conf })), '10.9.0.10/24');
  t.equal(addressOf(await lab.cni('ADD', two, { config: conf })), '10.9.0.11/24');
  t.match(JSON.parse((await lab.cni('ADD', three, { config: conf })).stdout), { code: 101, msg: /10\.9\.0\.0\/24/ });
  t.ok(lab.pings(one, '10.9.0.11'));
  t.ok(lab.pings(one, '10.9.0.254'));
  t.match(lab.ip('host', 'addr', 'show', 'cni9'), /inet 10\.9\.0\.254\/24/);
  t.match(lab.ip(one, 'route'), /198\.51\.100\.0\/24 via 10\.9\.0\.77/);
  t.match(lab.ip(one, 'route'), /192\.0\.2\.0\/24 via 10\.9\.0\.254/);
  const before = lab.ip('host', 'link', 'show', 'cni9');
  await lab.cni('DEL', two, { config: conf });
  t.equal(lab.ip('host', 'link', 'show', 'cni9'), before, 'the bridge’s MAC does not follow its ports');
  await lab.cni('DEL', one, { config: conf });
  t.same(lab.traces(), []);
});

t.test('two ranges of one set, ranges of the runtime, and none that overlap', { skip: skipReason }, async (t) => {
  const lab = new Lab(t, null);
  const small = { subnet: '10.9.0.0/30', gateway: '10.9.0.1' };
  const conf = ranged([[small, { subnet: '10.9.1.0/24', gateway: '10.9.1.1' }]]);
  const got: string[] = [];
  for (let at = 0; at < 2; at += 1)
    got.push(addressOf(await lab.cni('ADD', lab.container(), { config: { ...conf, forceAddress: true } })));
  t.same(got, ['10.9.0.2/30', '10.9.1.2/24']);
  const runtimeConfig = { ipRanges: [[{ subnet: '10.99.0.0/24' }]] };
  const asked = await lab.cni('ADD', lab.container(), { config: { ...config, bridge: 'cni8', runtimeConfig } });
  t.equal(addressOf(asked), '10.99.0.2/24');
  for (const [ranges, text] of [
    [[[small], [{ subnet: '10.9.0.0/24' }]], /overlap/],
    [[[{ subnet: '10.9.0.1/24' }]], /host bits/],
    [[[{ subnet: '10.9.0.0/31' }]], /too small/],
    [[[{ subnet: '10.9.0.0/24', rangeStart: '10.8.0.1' }]], /rangeStart/],
    [[[{ subnet: '10.9.0.0/24' }, { subnet: 'fd00::/64' }]], /mixes/],
    [[[]], /empty/],
  ] as [object[][], RegExp][]) {
    const reply = JSON.parse((await lab.cni('ADD', lab.container(), { config: ranged(ranges) })).stdout);
    t.equal(reply.code, 7);
    t.match(`${reply.msg} ${reply.details}`, text);
  }
});

t.test('a bridge with another address: refused, or replaced by forceAddress', { skip: skipReason }, async (t) => {
  const lab = new Lab(t, null);
  lab.ip('host', 'link', 'add', 'cni9', 'type', 'bridge');
  lab.ip('host', 'addr', 'add', '10.8.0.1/24', 'dev', 'cni9');
  const it = lab.container();
  const conf = ranged([[{ subnet: '10.9.0.0/24' }]]);
  const refused = JSON.parse((await lab.cni('ADD', it, { config: conf })).stdout);
  t.match(refused, {
    code: 100,
    msg: /cni9 has the address 10\.8\.0\.1\/24.*10\.9\.0\.1\/24/,
    details: /forceAddress/,
  });
  t.same(lab.traces(), []);
  t.equal((await lab.cni('ADD', it, { config: { ...conf, isGateway: false } })).code, 0, 'no gateway, no quarrel');
  await lab.cni('DEL', it, { config: conf });
  t.equal((await lab.cni('ADD', it, { config: { ...conf, forceAddress: true } })).code, 0);
  t.notMatch(lab.ip('host', 'addr', 'show', 'cni9'), /10\.8\.0\.1/);
  t.ok(lab.pings(it, '10.9.0.1'));
});

t.test('a container that is started again gets its address, others rest', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  const it = lab.container();
  t.equal(addressOf(await lab.cni('ADD', it)), '10.42.7.2/24');
  await lab.cni('DEL', it);
  t.equal(addressOf(await lab.cni('ADD', lab.container())), '10.42.7.3/24', 'freed, but at rest');
  t.equal(addressOf(await lab.cni('ADD', it)), '10.42.7.2/24', 'kept for the one who had it');
  await lab.cni('DEL', it);
  const other = await lab.cni('ADD', lab.container(), { args: 'IP=10.42.7.2' });
  t.equal(addressOf(other), '10.42.7.2/24');
  t.equal(addressOf(await lab.cni('ADD', it)), '10.42.7.4/24', 'unless somebody else has it by now');
});

t.test('what host-local gave is not given twice', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  const dir = join(lab.root, 'var/lib/cni/networks/corral');
  mkdirSync(dir, { recursive: true });
  const old = lab.container();
  writeFileSync(join(dir, '10.42.7.2'), `${old.id}\r\neth0`);
  writeFileSync(join(dir, '10.42.7.3'), 'someone');
  writeFileSync(join(dir, '10.42.7.4'), '../../etc/passwd\r\neth0');
  writeFileSync(join(dir, '192.0.2.1'), 'elsewhere\r\neth0');
  for (const name of ['last_reserved_ip.0', 'lock', 'x']) writeFileSync(join(dir, name), '10.42.7.2');
  t.equal(addressOf(await lab.cni('ADD', lab.container())), '10.42.7.4/24');
  t.match(JSON.parse((await lab.cni('ADD', lab.container(), { args: 'IP=10.42.7.2' })).stdout), {
    code: 102,
    msg: new RegExp(`held by container ${old.id}`),
  });
  t.equal(addressOf(await lab.cni('ADD', old)), '10.42.7.2/24', 'its owner comes back to it');
  await lab.cni('DEL', old);
  t.equal((await lab.cni('DEL', { ...old, id: 'someone' })).code, 0);
  t.notOk(lab.files('addresses').includes('10.42.7.3'), 'DEL frees what was taken over');
  t.same(lab.files('addresses'), ['10.42.7.4']);
});

t.test('Rancher’s own configuration on a host without a block', { skip: skipReason }, async (t) => {
  const lab = new Lab(t, null);
  lab.ip('host', 'link', 'add', 'docker0', 'type', 'bridge');
  lab.ip('host', 'addr', 'add', '172.17.0.1/16', 'dev', 'docker0');
  const log = join(lab.root, 'rancher-cni.log');
  const rancher = {
    cniVersion: '0.1.0',
    name: 'rancher-cni-network',
    type: 'rancher-bridge',
    bridge: 'docker0',
    bridgeSubnet: '10.42.0.0/16',
    isDefaultGateway: true,
    hostNat: true,
    ipMasq: false,
    mtu: 1500,
    linkMTUOverhead: 98,
    hairpinMode: false,
    promiscMode: true,
    logToFile: log,
    isDebugLevel: 'true',
    dns: {},
    ipam: {
      type: 'rancher-cni-ipam',
      subnetPrefixSize: '/16',
      routes: [{ dst: '169.254.169.250/32', gw: '10.42.0.1' }],
      logToFile: log,
      isDebugLevel: false,
    },
  };
  const it = lab.container();
  const args =
    'IgnoreUnknown=1;DOCKER=true;RancherContainerUUID=u-1;MACAddress=02:00:00:00:00:0a;IPAddress=10.42.118.63/16';
  const run = await lab.cni('ADD', it, { config: rancher, args });
  t.equal(run.code, 0, run.stdout);
  t.strictSame(JSON.parse(run.stdout), {
    cniVersion: '0.1.0',
    ip4: {
      ip: '10.42.118.63/16',
      gateway: '10.42.0.1',
      routes: [
        { dst: '0.0.0.0/0', gw: '10.42.0.1' },
        { dst: '169.254.169.250/32', gw: '10.42.0.1' },
      ],
    },
    dns: {},
  });
  t.match(lab.ip(it, 'link', 'show', 'eth0'), /mtu 1402[\s\S]*02:00:00:00:00:0a/);
  const docker0 = lab.ip('host', 'addr', 'show', 'docker0');
  t.match(docker0, /PROMISC[\s\S]*172\.17\.0\.1\/16[\s\S]*10\.42\.0\.1\/16/, 'its address beside Docker’s');
  t.ok(lab.pings(it, '10.42.0.1'));
  const next = lab.container();
  t.equal(JSON.parse((await lab.cni('ADD', next, { config: rancher })).stdout).ip4.ip, '10.42.0.2/16');
  t.ok(lab.pings(next, '10.42.118.63'));
  for (const container of [it, next]) t.equal((await lab.cni('DEL', container, { config: rancher })).code, 0);
  t.same(lab.traces(), []);
  t.same(lab.files('addresses', 'rancher-cni-network'), []);
  const lines = readFileSync(log, 'utf8').trim().split('\n');
  t.match(
    lines.map((line) => JSON.parse(line)),
    [
      { verb: 'ADD', subject: `${it.id} eth0`, level: 'info', config: { mtu: 1500 } },
      { verb: 'ADD' },
      { verb: 'DEL' },
      {},
    ],
  );
});

t.test('l2-flat: an address asked for is all there is', { skip: skipReason }, async (t) => {
  const lab = new Lab(t, null);
  const flat = {
    ...config,
    type: 'rancher-bridge',
    bridge: 'flatbr0',
    skipBridgeConfigureIP: true,
    skipFastPath: true,
    ipam: { type: 'rancher-cni-ipam', subnetPrefixSize: '/24', routes: [{ dst: '0.0.0.0/0', gw: '192.0.2.1' }] },
  };
  const it = lab.container();
  t.match(JSON.parse((await lab.cni('ADD', it, { config: flat })).stdout), { code: 11, msg: /BLOCK_MISSING/ });
  const run = await lab.cni('ADD', it, { config: flat, args: 'IPAddress=192.0.2.9' });
  t.equal(addressOf(run), '192.0.2.9/24');
  t.notMatch(lab.ip('host', 'addr', 'show', 'flatbr0'), /inet /);
  t.match(lab.ip(it, 'route'), /default via 192\.0\.2\.1/);
  const taken = await lab.cni('ADD', lab.container(), { config: flat, args: 'IPAddress=192.0.2.9/24' });
  t.match(JSON.parse(taken.stdout), { code: 102 });
});

t.test('useBridgeIPAsGateway, portIsolation and a chain', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  lab.ip('host', 'link', 'add', 'br7', 'type', 'bridge');
  lab.ip('host', 'addr', 'add', '192.0.2.1/24', 'dev', 'br7');
  const prevResult = { cniVersion: '1.1.0', interfaces: [{ name: 'net0', sandbox: '/x' }], ips: [], dns: {} };
  const conf = { ...config, bridge: 'br7', useBridgeIPAsGateway: true, portIsolation: true, prevResult };
  const [one, two] = [lab.container(), lab.container()];
  const result = JSON.parse((await lab.cni('ADD', one, { config: conf })).stdout);
  await lab.cni('ADD', two, { config: conf });
  t.same(result.ips, [{ address: '10.42.7.2/24', gateway: '192.0.2.1', interface: 3 }]);
  t.equal(result.interfaces[0].name, 'net0', 'what came before is passed on');
  t.ok(lab.pings(one, '192.0.2.1'));
  t.notOk(lab.pings(one, '10.42.7.3'), 'isolated ports do not reach each other');
  for (const container of [one, two]) t.equal((await lab.cni('DEL', container, { config: conf })).code, 0);
  t.same(lab.traces(), [], 'nor is a route left to an address behind a far gateway');
});

t.test('30 first ADDs at once on a bridge that is not there, of both families', { skip: skipReason }, async (t) => {
  const lab = new Lab(t, null);
  const conf = ranged([[{ subnet: '10.9.0.0/24' }], [{ subnet: 'fd09::/64' }]]);
  const containers = Array.from({ length: 30 }, () => lab.container());
  const runs = await Promise.all(containers.map((container) => lab.cni('ADD', container, { config: conf })));
  t.same(
    runs.filter((run) => run.code !== 0).map((run) => run.stdout),
    [],
  );
  const all = runs.flatMap((run) => JSON.parse(run.stdout).ips.map((ip: { address: string }) => ip.address));
  t.equal(new Set(all).size, 60);
  t.ok(lab.pings(containers[29]!, 'fd09::1'));
  const [first] = containers;
  await Promise.all(containers.map((container) => lab.cni('DEL', container, { config: conf })));
  t.same(lab.traces(), []);
  t.equal((await lab.cni('ADD', first!, { config: conf })).code, 0);
});
