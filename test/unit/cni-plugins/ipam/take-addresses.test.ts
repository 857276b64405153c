import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { claimsThroughMetadata } from '../../../../cni-plugins/ipam/address-claims.ts';
import { parseBlockFile } from '../../../../cni-plugins/ipam/block-file.ts';
import { type Lease, parseLease, renderLease } from '../../../../cni-plugins/ipam/lease.ts';
import { LeaseFiles } from '../../../../cni-plugins/ipam/lease-files.ts';
import { poolOfBlock } from '../../../../cni-plugins/ipam/pool.ts';
import { release } from '../../../../cni-plugins/ipam/release.ts';
import { releaseLease, takeAddresses } from '../../../../cni-plugins/ipam/take-addresses.ts';
import { parseIp } from '../../../../daemons/shared/model/ip.ts';
import { pathsBelow } from '../../../../daemons/shared/model/paths.ts';
import { flatBlock as flat } from '../../../fixtures/blocks.ts';
import { type ClaimsServer, serveClaims } from '../support/claims-server.ts';
import { leaseOf } from './support/lease-of.ts';

interface Bed {
  readonly server: ClaimsServer;
  readonly files: LeaseFiles;
  take(id: string, ip?: string, block?: object): Promise<Lease>;
  giveBack(lease: Lease): Promise<void>;
}

async function bed(t: Test): Promise<Bed> {
  const root = mkdtempSync(join(tmpdir(), 'co-flat-'));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  const paths = pathsBelow(root);
  const server = await serveClaims(t, paths);
  const claims = claimsThroughMetadata(paths);
  const files = new LeaseFiles(paths.leases, 'flat');
  return {
    server,
    files,
    async take(id, ip, block = flat) {
      const { version, phase, addresses, mac, result, ...rest } = leaseOf(id, []);
      const applicant = { ...rest, network: 'flat', attachment: { ...rest.attachment, name: id } };
      const requested = ip === undefined ? [] : [{ address: parseIp(ip)!, prefix: undefined }];
      const wish = { requested, mac: undefined, previous: undefined };
      const pool = poolOfBlock(parseBlockFile(JSON.stringify(block))!);
      const noFolder = () => ({ dir: '/nonexistent', bootedAt: 0, bootId: rest.bootId });
      return (await takeAddresses(claims, files, pool, applicant, wish, noFolder)).lease;
    },
    async giveBack(lease) {
      release(files, lease, lease);
      await releaseLease(claims, lease);
    },
  };
}

t.test('an address of a flat network is claimed, kept in the lease, and given back', async (t) => {
  const { server, take, giveBack } = await bed(t);
  const lease = await take('a');
  t.match(lease, { addresses: ['10.43.0.2/16'], claimed: true });
  t.strictSame(parseLease(renderLease(lease)), lease);
  t.same([...server.claims], [['10.43.0.2', 'a-eth0']]);
  t.same(server.asked, [{ method: 'POST', body: { network: 'flat', owner: 'a-eth0', ip: null, exclude: [] } }]);
  t.match(await take('b'), { addresses: ['10.43.0.3/16'] });
  await giveBack(lease);
  await giveBack(lease);
  t.same([...server.claims.keys()], ['10.43.0.3']);
});

t.test('the address asked for, or none', async (t) => {
  const { server, take } = await bed(t);
  server.claims.set('10.43.0.9', 'x-eth0');
  t.match(await take('a', '10.43.9.9'), { addresses: ['10.43.9.9/16'] });
  await t.rejects(take('b', '10.43.0.9'), { code: 'ADDRESS_TAKEN', message: /x-eth0 has it/ });
  t.same([...server.claims.keys()], ['10.43.0.9', '10.43.9.9']);
});

t.test('a container that comes again gets what it had, while nobody else has it', async (t) => {
  const { server, take, giveBack } = await bed(t);
  const first = await take('a', '10.43.7.7');
  await giveBack(first);
  const again = await take('a');
  t.same(again.addresses, ['10.43.7.7/16']);
  await giveBack(again);
  server.claims.set('10.43.7.7', 'b-eth0');
  t.same((await take('a')).addresses, ['10.43.0.2/16']);
});

t.test('an address that is in use here without a claim is passed over', async (t) => {
  const { server, files, take } = await bed(t);
  files.ensureDirs();
  const stranger = { ...leaseOf('stranger', ['10.43.0.2/16']), network: 'flat' };
  files.write(stranger);
  files.claim(stranger, '10.43.0.2');
  t.same((await take('a')).addresses, ['10.43.0.3/16']);
  t.same([...server.claims.keys()], ['10.43.0.3']);
  t.same(server.asked.at(-1)?.body.exclude, ['10.43.0.2']);
});

t.test('without metadata or its store the runtime tries again', async (t) => {
  const { server, take, giveBack } = await bed(t);
  const lease = await take('a');
  server.refusal = { status: 503, code: 'STORE_UNAVAILABLE' };
  await t.rejects(take('b'), { code: 'STORE_UNAVAILABLE' });
  await giveBack(lease);
  t.same([...server.claims.keys()], ['10.43.0.2'], 'left for metadata to sweep');
  const { claim } = claimsThroughMetadata(pathsBelow('/nonexistent'));
  const wish = { network: 'flat', owner: 'a', ip: undefined, exclude: [] };
  await t.rejects(claim(wish), { code: 'NOT_RUNNING' });
});

t.test('declared containers get their addresses, and nobody else does', async (t) => {
  const { server, take } = await bed(t);
  const reserved = { '10.43.0.2': 'web', '10.43.0.3': 'db' };
  t.same((await take('other', undefined, { ...flat, reserved })).addresses, ['10.43.0.4/16']);
  t.same((await take('web', undefined, { ...flat, reserved })).addresses, ['10.43.0.2/16']);
  t.same([...server.claims.keys()], ['10.43.0.4', '10.43.0.2']);
  await t.rejects(take('thief', '10.43.0.3', { ...flat, reserved }), {
    code: 'ADDRESS_TAKEN',
    message: /10\.43\.0\.3 is kept for the container db/,
  });
  t.equal(server.claims.has('10.43.0.3'), false, 'the claim was given back');
});

t.test('the same in a network of blocks, which asks only for an address outside of them', async (t) => {
  const { server, take, giveBack } = await bed(t);
  const { blocks: _, ...plain } = flat;
  const block = {
    ...plain,
    cidrs: ['10.43.7.0/29'],
    gateway: '10.43.7.1',
    reserved: { '10.43.7.2': 'web', '10.43.99.1': 'db' },
  };
  t.match(await take('a', undefined, block), { addresses: ['10.43.7.3/29'], claimed: undefined });
  t.same((await take('web', undefined, block)).addresses, ['10.43.7.2/29']);
  await t.rejects(take('thief', '10.43.7.2', block), { code: 'ADDRESS_TAKEN' });
  t.same(server.asked, []);
  const db = await take('db', undefined, block);
  t.match(db, { addresses: ['10.43.99.1/32'], claimed: true }, 'outside the block: alone on its link');
  t.same([...server.claims], [['10.43.99.1', 'db-eth0']]);
  server.claims.set('10.43.99.2', 'another-eth0');
  await t.rejects(take('late', '10.43.99.2', block), { code: 'ADDRESS_TAKEN', message: /another-eth0 has it/ });
  await t.rejects(take('wrong', '10.44.0.1', block), { code: 'CONFIG_INVALID' }, 'not of the network');
  server.claims.delete('10.43.99.2');
  await giveBack(db);
  t.same([...server.claims], []);
});
