import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { parseBlockFile } from '../../../../cni-plugins/ipam/block-file.ts';
import type { Lease } from '../../../../cni-plugins/ipam/lease.ts';
import { LeaseFiles } from '../../../../cni-plugins/ipam/lease-files.ts';
import { leaseFolders, listLeases } from '../../../../cni-plugins/ipam/list-leases.ts';
import { poolOfBlock } from '../../../../cni-plugins/ipam/pool.ts';
import type { Requested } from '../../../../cni-plugins/ipam/requested.ts';
import { type Applicant, reserve, type Wish } from '../../../../cni-plugins/ipam/reserve.ts';
import { parseIp } from '../../../../daemons/shared/model/ip.ts';
import { leaseOf } from './support/lease-of.ts';

const poolOf = (block: object): ReturnType<typeof poolOfBlock> =>
  poolOfBlock(parseBlockFile(JSON.stringify({ version: 1, bridge: 'corral0', mtu: 1450, ...block }))!);
const pool = poolOf({ network: 'corral', subnet: '10.42.0.0/16', cidrs: ['10.42.7.0/29'], gateway: '10.42.7.1' });
const noWish: Wish = { requested: [], mac: undefined, previous: undefined };
const noFolder = { dir: '/nonexistent', bootedAt: 0, bootId: 'boot-1' };
const asking = (text: string): Requested[] => [{ address: parseIp(text)!, prefix: undefined }];

function applicant(containerId: string, bootId = 'boot-1'): Applicant {
  const { version, phase, addresses, mac, result, ...rest } = leaseOf(containerId, []);
  return { ...rest, bootId };
}

function open(t: Test): {
  files: LeaseFiles;
  leases: string;
  give: (id: string, wish?: Partial<Wish>) => Promise<Lease>;
} {
  const leases = t.testdir();
  const files = new LeaseFiles(leases, 'corral');
  const give = async (id: string, wish: Partial<Wish> = {}): Promise<Lease> =>
    (await reserve(files, pool, applicant(id), { ...noWish, ...wish }, () => noFolder)).lease;
  return { files, leases, give };
}

t.test('reserving, finishing, freeing', async (t) => {
  const { files, leases, give } = open(t);
  const reserved = await give('a');
  t.match(reserved, { phase: 'reserved', addresses: ['10.42.7.2/29'], mac: '0a:58:0a:2a:07:02' });
  t.strictSame(files.read(reserved), reserved);
  t.same(files.ownerOf('10.42.7.2')?.containerId, 'a');
  const done: Lease = { ...reserved, phase: 'done' };
  files.write(done);
  t.strictSame(listLeases({ leases }), { leases: [done], damaged: [] });
  t.ok(files.holds(done));
  files.remove(done);
  files.remove(done);
  t.strictSame(listLeases({ leases }), { leases: [], damaged: [] });
  t.same(readdirSync(join(leases, 'corral/addresses')), []);
  t.same(leaseFolders({ leases }), [leases, `${leases}/corral/attachments`]);
});

t.test('an address rests before it is given again', async (t) => {
  const { files, give } = open(t);
  const got: string[] = [];
  for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) {
    const lease = await give(id);
    got.push(lease.addresses[0] ?? '');
    files.remove(lease);
  }
  t.same(
    got,
    ['2', '3', '4', '5', '6', '2'].map((last) => `10.42.7.${last}/29`),
  );
});

t.test('full, taken, and asked for what cannot be', async (t) => {
  const { give } = open(t);
  for (const id of ['a', 'b', 'c', 'd', 'e']) await give(id);
  await t.rejects(give('f'), { code: 'ADDRESSES_EXHAUSTED', message: /10\.42\.7\.0\/29 of network corral/ });
  await t.rejects(give('f', { requested: asking('10.42.7.3') }), {
    code: 'ADDRESS_TAKEN',
    message: /container b \(eth0\)/,
  });
  await t.rejects(give('f', { requested: asking('10.42.7.1') }), { code: 'CONFIG_INVALID' });
  await t.rejects(give('f', { requested: asking('10.43.7.1') }), { code: 'CONFIG_INVALID' });
  t.match(await give('f', { requested: asking('10.42.9.9') }), { addresses: ['10.42.9.9/32'] });
});

t.test('200 reservations at once, then the address of an unfinished one again', async (t) => {
  const { leases } = open(t);
  const files = new LeaseFiles(leases, 'wide');
  const wide = poolOf({ network: 'wide', subnet: '10.0.0.0/8', cidrs: ['10.1.0.0/16'], gateway: '10.1.0.1' });
  const ids = Array.from({ length: 200 }, (_, at) => `c${at}`);
  const network = { network: 'wide' };
  const one = async (id: string, wish = noWish): Promise<Lease> =>
    (await reserve(files, wide, { ...applicant(id), ...network }, wish, () => noFolder)).lease;
  const made = await Promise.all(ids.map((id) => one(id)));
  t.equal(new Set(made.map((lease) => lease.addresses[0])).size, 200);
  const [first] = made as [Lease];
  const again = await one('c0', { ...noWish, previous: first });
  t.same(again.addresses, first.addresses);
});

t.test('a new boot forgets the old one’s leases', async (t) => {
  const { files, leases, give } = open(t);
  await give('a');
  await reserve(files, pool, applicant('b', 'boot-2'), noWish, () => noFolder);
  t.same(
    listLeases({ leases }).leases.map((lease) => lease.containerId),
    ['b'],
  );
  t.same(readdirSync(join(leases, 'corral/addresses')), ['10.42.7.3']);
});

t.test('a damaged lease is moved aside, and found by its claim', async (t) => {
  const { files, leases, give } = open(t);
  const lease = await give('a');
  files.write(lease);
  const path = join(leases, 'corral/attachments/a-eth0.json');
  writeFileSync(path, '{"version":1');
  t.strictSame(files.read(lease), { ...lease, phase: 'done' }, 'nobody makes it anew');
  t.ok(existsSync(join(leases, 'corral/damaged/a-eth0.json')));
  writeFileSync(path, 'x');
  t.same(listLeases({ leases }), { leases: [], damaged: ['corral/a-eth0.json'] });
});

t.test('a lease under another’s name is not believed', async (t) => {
  const { files, leases, give } = open(t);
  const lease = await give('a');
  writeFileSync(join(leases, 'corral/attachments/b-eth0.json'), JSON.stringify(lease));
  t.equal(files.read({ containerId: 'b', ifname: 'eth0' }), undefined);
});

t.test('a lease whose address is free or another’s is not listed: its DEL was killed half-way', async (t) => {
  const { files, leases, give } = open(t);
  const [kept, gone] = [await give('a'), await give('b')];
  files.remove(gone);
  files.write(gone);
  t.same(listLeases({ leases }).leases, [kept]);
  const next = await give('c', { requested: asking('10.42.7.3') });
  t.same(listLeases({ leases }).leases, [kept, next]);
  files.remove(gone);
  t.ok(files.holds(next), 'and removing it takes nothing from the new owner');
});
