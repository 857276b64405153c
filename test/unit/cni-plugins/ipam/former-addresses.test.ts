import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { formerAddresses, noteFormer } from '../../../../cni-plugins/ipam/former-addresses.ts';
import { LeaseFiles } from '../../../../cni-plugins/ipam/lease-files.ts';
import { renderIp } from '../../../../daemons/shared/model/ip.ts';
import { leaseOf } from './support/lease-of.ts';

t.test('what an attachment had is remembered for it alone', async (t) => {
  const files = new LeaseFiles(t.testdir(), 'corral');
  const show = (containerId: string, ifname = 'eth0'): string[] =>
    formerAddresses(files, { containerId, ifname }).map(renderIp);
  t.same(show('a'), []);
  noteFormer(files, leaseOf('a', ['10.42.7.2/24', 'fd00::2/64']));
  t.same(show('a'), ['10.42.7.2', 'fd00::2']);
  t.same(show('b'), []);
  t.same(show('a', 'eth1'), []);
  noteFormer(files, leaseOf('a', ['10.42.7.9/24']));
  t.same(show('a'), ['10.42.7.9'], 'the latest');
});

t.test('it does not grow, and garbage is no memory', async (t) => {
  const files = new LeaseFiles(t.testdir(), 'corral');
  for (let at = 0; at < 10_000; at += 1) noteFormer(files, leaseOf(`c${at}`, ['10.42.7.2/24']));
  const dir = join(files.dir, 'former');
  t.ok(readdirSync(dir).length <= 4096);
  for (const name of readdirSync(dir)) writeFileSync(join(dir, name), `c9999-eth0\nx\n10.42.7.300\n`);
  t.same(formerAddresses(files, { containerId: 'c9999', ifname: 'eth0' }), []);
});
