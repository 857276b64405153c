import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import {
  dropImported,
  importedKeys,
  importHostLocal,
  takeImported,
} from '../../../../cni-plugins/ipam/import-host-local.ts';
import { parseLease } from '../../../../cni-plugins/ipam/lease.ts';
import { LeaseFiles } from '../../../../cni-plugins/ipam/lease-files.ts';
import { parseRanges } from '../../../../cni-plugins/ipam/parse-ranges.ts';
import { readText } from '../../../../daemons/shared/effects/files.ts';
import { renderIp } from '../../../../daemons/shared/model/ip.ts';
import { leaseOf } from './support/lease-of.ts';

const sets = parseRanges({ ipam: { ranges: [[{ subnet: '10.9.0.0/24' }], [{ subnet: 'fd09::/64' }]] } });
const now = Date.now();

function open(t: Test, content: Record<string, string>): { files: LeaseFiles; dir: string; run: () => number } {
  const root = t.testdir();
  const dir = join(root, 'networks');
  mkdirSync(dir);
  for (const [name, text] of Object.entries(content)) writeFileSync(join(dir, name), text);
  const files = new LeaseFiles(root, 'corral');
  files.ensureDirs();
  return { files, dir, run: () => importHostLocal(files, sets, { dir, bootedAt: now - 1000, bootId: 'b' }) };
}

t.test('each address is claimed for its owner', async (t) => {
  const { files, run } = open(t, {
    '10.9.0.5': 'one\r\neth0',
    '10.9.0.6': 'old-form',
    'fd09::5': 'one\r\neth0\n',
    '10.8.0.1': 'elsewhere\r\neth0',
    'fd09:0:0:1::5': 'elsewhere\r\neth0',
    lock: '',
    'last_reserved_ip.0': '10.9.0.6',
  });
  t.equal(run(), 3);
  t.same(files.ownerOf('fd09::5'), files.ownerOf('fd09::5'));
  t.match(files.ownerOf('10.9.0.6'), { containerId: 'old-form', ifname: 'eth0' });
  t.same(importedKeys(files).sort(), ['old-form-eth0', 'one-eth0']);
  const claim = parseLease(readText(join(files.dir, 'addresses', '10.9.0.5')));
  t.match(claim, { phase: 'done', addresses: ['10.9.0.5/32'], bridge: null });
  t.equal(run(), 0, 'and not again');
  t.same(takeImported(files, { containerId: 'one', ifname: 'eth0' }).map(renderIp).sort(), ['10.9.0.5', 'fd09::5']);
  dropImported(files, 'old-form-eth0');
  t.same(readdirSync(join(files.dir, 'addresses')), []);
  t.same(importedKeys(files), []);
  t.same(takeImported(files, { containerId: 'one', ifname: 'eth0' }), []);
});

t.test('what cannot be an owner, and what an earlier boot left', async (t) => {
  const { files, dir, run } = open(t, {
    '10.9.0.1': '',
    '10.9.0.2': '../../x\r\neth0',
    '10.9.0.3': 'id\r\na/b',
    '10.9.0.4': 'x'.repeat(5000),
    '10.9.0.9': 'stale\r\neth0',
  });
  mkdirSync(join(dir, '10.9.0.7'));
  const long = new Date(now - 3 * 24 * 3600 * 1000);
  utimesSync(join(dir, '10.9.0.9'), long, long);
  t.equal(run(), 0);
  t.same(importedKeys(files), []);
  t.equal(importHostLocal(files, sets, { dir: join(dir, 'none'), bootedAt: 0, bootId: 'b' }), 0);
});

t.test('an address that we gave stays with whom we gave it to', async (t) => {
  const { files, run } = open(t, { '10.9.0.5': 'one\r\neth0' });
  const mine = leaseOf('mine', ['10.9.0.5/24']);
  files.write(mine);
  t.ok(files.claim(mine, '10.9.0.5'));
  t.equal(run(), 0);
  t.same(takeImported(files, { containerId: 'one', ifname: 'eth0' }), []);
  t.ok(files.holds(mine));
});
