import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parseLease } from '../../../cni-plugins/library.ts';
import { block } from '../../fixtures/blocks.ts';
import { serveClaims } from '../../unit/cni-plugins/support/claims-server.ts';
import { config, Lab, skipReason } from './lab.ts';

t.setTimeout(120_000);

t.test('VERSION', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  const run = await lab.cni('VERSION', lab.container());
  t.equal(run.code, 0);
  t.strictSame(JSON.parse(run.stdout), {
    cniVersion: '1.1.0',
    supportedVersions: ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'],
  });
});

t.test('ADD, CHECK and DEL in every version, results as in their golden files', { skip: skipReason }, async (t) => {
  for (const cniVersion of ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0']) {
    const lab = new Lab(t);
    const container = { ...lab.container(), id: '0123456789abcdef0123456789abcdef' };
    const conf = { ...config, cniVersion, dns: { nameservers: ['169.254.169.250'] } };
    const added = await lab.cni('ADD', container, { config: conf });
    t.equal(added.code, 0, added.stdout);
    t.equal(added.stderr, '');
    const result = JSON.parse(added.stdout.replaceAll(container.netns, 'NETNS'));
    const golden = new URL(`../../fixtures/cni-plugins/add-${cniVersion}.json`, import.meta.url);
    t.strictSame(result, JSON.parse(readFileSync(golden, 'utf8')), cniVersion);
    const checked = await lab.cni('CHECK', container, { config: { ...conf, prevResult: JSON.parse(added.stdout) } });
    if (cniVersion < '0.4.0') t.equal(JSON.parse(checked.stdout).code, 1, 'CHECK came with 0.4.0');
    else t.same([checked.code, checked.stdout], [0, ''], checked.stdout);
    const deleted = await lab.cni('DEL', container, { config: conf });
    t.same([deleted.code, deleted.stdout], [0, '']);
    t.same(lab.traces(), []);
  }
});

t.test('the lease names all that a report needs, and its claim whose it is', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  const container = lab.container();
  const corral = { name: 'web-1', engine: 'docker', labels: { a: 'b' }, ports: ['0.0.0.0:8080:80/tcp'] };
  const run = await lab.cni('ADD', container, {
    config: { ...config, args: { corral } },
    args: 'IgnoreUnknown=1;FOO=x',
  });
  t.equal(run.code, 0, run.stdout);
  const text = readFileSync(join(lab.paths.leases, 'corral/attachments', `${container.id}-eth0.json`), 'utf8');
  const claim = parseLease(readFileSync(join(lab.paths.leases, 'corral/addresses/10.42.7.2'), 'utf8'));
  t.match(claim, { phase: 'reserved', containerId: container.id, ifname: 'eth0', addresses: ['10.42.7.2/24'] });
  t.match(parseLease(text), {
    phase: 'done',
    containerId: container.id,
    ifname: 'eth0',
    network: 'corral',
    netnsPath: `/run/netns/${container.netns}`,
    addresses: ['10.42.7.2/24'],
    mac: '0a:58:0a:2a:07:02',
    bridge: 'corral0',
    args: { FOO: 'x' },
    attachment: { ...corral, externalId: container.id, hostname: null },
  });
});

t.test('errors come on stdout with the code of the specification', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  const container = lab.container();
  const ownNetns = { CNI_NETNS: '/proc/self/ns/net' };
  const rows: [string, object, number, RegExp][] = [
    ['no such verb', { verb: 'add' }, 4, /CNI_COMMAND/],
    ['no name', { config: { ...config, name: undefined } }, 7, /name/],
    ['version of the future', { config: { ...config, cniVersion: '9.0.0' } }, 1, /9\.0\.0/],
    ['an IPAM plugin that is not there', { config: { ...config, ipam: { type: 'nobody' } } }, 7, /nobody/],
    ['a path for an IPAM plugin', { config: { ...config, ipam: { type: '../x' } } }, 7, /ipam\.type/],
    ['GC before its time', { verb: 'GC', config: { ...config, cniVersion: '1.0.0' } }, 1, /1\.0\.0/],
    ['STATUS before its time', { verb: 'STATUS', config: { ...config, cniVersion: '0.4.0' } }, 1, /0\.4\.0/],
    ['bandwidth', { config: { ...config, runtimeConfig: { bandwidth: { ingressRate: 1 } } } }, 2, /bandwidth/],
    ['vlan', { config: { ...config, vlan: 7 } }, 2, /vlan/],
    ['no block file', { config: { ...config, name: 'other' } }, 11, /BLOCK_MISSING.*blocks\/other\.json/],
    ['no namespace', { env: { CNI_NETNS: '/run/netns/none' } }, 4, /NETNS_GONE/],
    ['a file that is no namespace', { env: { CNI_NETNS: '/etc/hostname' } }, 4, /NETNS_GONE/],
    ['the host itself', { env: ownNetns }, 8, /NETNS_IS_HOST/],
    ['the gateway asked for', { args: 'IP=10.42.7.1' }, 7, /gateway/],
    ['outside the network', { args: 'IP=10.43.0.5' }, 7, /outside/],
    ['a MAC that is none', { args: 'MAC=01:00:5e:00:00:01' }, 7, /MAC/],
  ];
  for (const [name, { verb = 'ADD', ...options }, code, text] of rows as [
    string,
    { verb?: string },
    number,
    RegExp,
  ][]) {
    const run = await lab.cni(verb, container, options);
    t.equal(run.code, 1, name);
    const reply = JSON.parse(run.stdout);
    t.equal(reply.code, code, `${name}: ${run.stdout}`);
    t.match(reply.msg, text, name);
  }
  t.same(lab.traces(), []);
});

t.test('an address asked for, inside and outside the block', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  const [near, far, plain] = [lab.container(), lab.container(), lab.container()];
  const first = JSON.parse((await lab.cni('ADD', near, { args: 'IPAddress=10.42.7.9/16' })).stdout);
  t.equal(first.ips[0].address, '10.42.7.9/24', 'the block decides the prefix');
  const server = await serveClaims(t, lab.paths);
  const conf = { ...config, runtimeConfig: { ips: ['10.42.200.9'], mac: '02:00:00:00:00:0A' } };
  const second = JSON.parse((await lab.cni('ADD', far, { config: conf })).stdout);
  t.same(second.ips[0], { address: '10.42.200.9/32', gateway: '10.42.7.1', interface: 2 });
  t.equal(second.interfaces[2].mac, '02:00:00:00:00:0a');
  await lab.cni('ADD', plain);
  for (const [from, to] of [
    [near, '10.42.200.9'],
    [far, '10.42.7.9'],
    [plain, '10.42.200.9'],
    ['host', '10.42.200.9'],
    [far, '10.42.7.1'],
  ] as const) {
    t.ok(lab.pings(from, to), `ping ${to}`);
  }
  const taken = await lab.cni('ADD', lab.container(), { args: 'IP=10.42.200.9' });
  t.match(JSON.parse(taken.stdout), { code: 102, msg: new RegExp(`${far.id}-eth0 has it`) });
  for (const container of [near, far, plain]) t.equal((await lab.cni('DEL', container)).code, 0);
  t.same([...server.claims], []);
  t.same(lab.traces(), []);
});

t.test('a full block says so, and a freed address is given again', { skip: skipReason }, async (t) => {
  const lab = new Lab(t, { ...block, cidrs: ['10.42.7.0/30'] });
  const [one, two] = [lab.container(), lab.container()];
  t.equal((await lab.cni('ADD', one)).code, 0);
  t.match(JSON.parse((await lab.cni('ADD', two)).stdout), { code: 101, msg: /10\.42\.7\.0\/30/ });
  t.equal((await lab.cni('DEL', one)).code, 0);
  t.equal((await lab.cni('ADD', two)).code, 0);
});

t.test('MTU, overhead and routes of the configuration reach the container', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  const container = lab.container();
  const ipam = { type: 'corral-ipam', routes: [{ dst: '192.0.2.0/24' }, { dst: '198.51.100.0/24', gw: '10.42.7.77' }] };
  const run = await lab.cni('ADD', container, { config: { ...config, mtu: 1400, ipam }, args: 'LinkMTUOverhead=98' });
  t.equal(run.code, 0, run.stdout);
  t.match(lab.ip(container, 'link', 'show', 'eth0'), /mtu 1302/);
  t.match(lab.ip('host', 'link', 'show', 'corral0'), /mtu 1400/);
  const routes = lab.ip(container, 'route');
  t.match(routes, /192\.0\.2\.0\/24 via 10\.42\.7\.1 dev eth0/);
  t.match(routes, /198\.51\.100\.0\/24 via 10\.42\.7\.77 dev eth0/);
  t.equal(lab.exec(container, 'cat', '/proc/sys/net/ipv4/conf/eth0/arp_notify').trim(), '1');
  t.equal(lab.exec('host', 'cat', '/proc/sys/net/ipv4/ip_forward').trim(), '1');
});

t.test('the host’s own namespace, if that is meant', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  const host = { ...lab.container(), netns: lab.host };
  const conf = { ...config, isDefaultGateway: false };
  t.equal((await lab.cni('ADD', host, { config: conf })).code, 1);
  const run = await lab.cni('ADD', host, { config: conf, env: { CNI_NETNS_OVERRIDE: '1' } });
  t.equal(run.code, 0, run.stdout);
  t.match(lab.ip('host', 'address', 'show', 'eth0'), /inet 10\.42\.7\.\d+\/24/);
  t.equal((await lab.cni('DEL', host, { config: conf, env: { CNI_NETNS_OVERRIDE: '1' } })).code, 0);
  t.same(lab.traces(), []);
});

t.test('dns of the runtime', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  const dns = { servers: ['192.0.2.53'], searches: ['example.com'] };
  const run = await lab.cni('ADD', lab.container(), { config: { ...config, runtimeConfig: { dns } } });
  t.match(JSON.parse(run.stdout).dns, { nameservers: ['192.0.2.53'], search: ['example.com'] });
});
