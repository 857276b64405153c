import t from 'tap';
import { type Lease, leaseIps, parseLease, renderLease } from '../../../../cni-plugins/ipam/lease.ts';

const lease: Lease = {
  version: 1,
  phase: 'done',
  containerId: '0123456789ab',
  ifname: 'eth0',
  network: 'corral',
  netnsPath: '/run/netns/x',
  netnsInode: 4026532384,
  bootId: 'b',
  addresses: ['10.42.7.2/24'],
  mac: '0a:58:0a:2a:07:02',
  bridge: 'corral0',
  hostVeth: 'vethr0123456789',
  config: { name: 'corral' },
  args: { IP: '10.42.7.2' },
  result: { interfaces: [{ name: 'eth0' }], ips: [{ address: '10.42.7.2/24', interface: 0 }], routes: [], dns: {} },
  createdAt: 1700000000000,
  attachment: {
    name: 'web',
    externalId: null,
    engine: 'cni',
    labels: { a: 'b' },
    ports: ['0.0.0.0:80:80/tcp'],
    hostname: null,
    containerUuid: null,
  },
};

t.test('a lease survives writing and reading', async (t) => {
  t.strictSame(parseLease(renderLease(lease)), lease);
  t.same(leaseIps(lease), ['10.42.7.2']);
});

t.test('a newer program’s members are left alone', async (t) => {
  t.match(parseLease(JSON.stringify({ ...lease, addedLater: 1 })), { containerId: '0123456789ab' });
});

t.test('anything else is no lease', async (t) => {
  const wrong: [string, unknown][] = [
    ['no JSON', undefined],
    ['null', null],
    ['list', []],
    ['another version', { ...lease, version: 2 }],
    ['phase', { ...lease, phase: 'half' }],
    ['a path as id', { ...lease, containerId: '../x' }],
    ['a path as ifname', { ...lease, ifname: 'a/b' }],
    ['a path as network', { ...lease, network: '../x' }],
    ['a path as address', { ...lease, addresses: ['../../etc/passwd/24'] }],
    ['address without prefix', { ...lease, addresses: ['10.42.7.2'] }],
    ['odd spelling of an address', { ...lease, addresses: ['10.42.7.02/24'] }],
    ['inode', { ...lease, netnsInode: -1 }],
    ['result', { ...lease, result: 'x' }],
    ['labels', { ...lease, attachment: { ...lease.attachment, labels: { a: 1 } } }],
    ['port with a rule in it', { ...lease, attachment: { ...lease.attachment, ports: ['0.0.0.0:80:80/tcp -j DROP'] } }],
    ['engine', { ...lease, attachment: { ...lease.attachment, engine: 'x' } }],
    ['no attachment', { ...lease, attachment: undefined }],
    ['args', { ...lease, args: { a: {} } }],
    ['time', { ...lease, createdAt: 'now' }],
  ];
  for (const [name, value] of wrong)
    t.equal(parseLease(value === undefined ? '{"version":1,' : JSON.stringify(value)), undefined, name);
});
