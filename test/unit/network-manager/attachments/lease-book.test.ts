import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { LeaseFiles } from '../../../../cni-plugins/ipam/lease-files.ts';
import type { Lease } from '../../../../cni-plugins/library.ts';
import { LeaseBook } from '../../../../daemons/network-manager/attachments/lease-book.ts';
import { type TestScope, until } from '../../../netns/support/namespaces.ts';
import { lease } from './support.ts';

interface World {
  readonly leases: string;
  readonly book: LeaseBook;
  readonly told: string[];
  readonly damaged: string[];
  write(lease: Lease): void;
  remove(lease: Lease): void;
}

function world(t: TestScope): World {
  const dir = mkdtempSync('/tmp/co-lb-');
  const leases = join(dir, 'leases');
  const [told, damaged] = [[] as string[], [] as string[]];
  const book = new LeaseBook({
    paths: { leases },
    bootId: 'boot',
    onChange: async (one, change) => void told.push(`${change} ${one.network} ${one.addresses[0]}`),
    onDamaged: (file) => damaged.push(file),
  });
  t.teardown(() => {
    book.close();
    rmSync(dir, { recursive: true });
  });
  const files = (one: Lease): LeaseFiles => new LeaseFiles(leases, one.network);
  return {
    leases,
    book,
    told,
    damaged,
    write(one) {
      files(one).ensureDirs();
      files(one).write(one);
      for (const address of one.addresses) files(one).claim(one, address.split('/')[0] ?? '');
    },
    remove: (one) => files(one).remove(one),
  };
}

const blue = lease({ network: 'blue', addresses: ['10.43.0.5/24'] });

t.test('what is there at the start is known, and not told', async (t) => {
  const { book, told, write } = world(t);
  write(lease());
  write(lease({ ifname: 'eth1', addresses: ['10.42.0.6/24'], bootId: 'an earlier one' }));
  book.open();
  t.same(book.all(), [lease()]);
  t.same(book.of(lease().containerId), [lease()]);
  t.same(book.of('b'), []);
  t.same(told, []);
});

t.test('what another process writes is found, in networks that are new too', async (t) => {
  const { book, told, write, remove } = world(t);
  book.open();
  write(blue);
  await until(5_000, 'the first of a new network', () => told.length === 1);
  write(lease({ network: 'blue', ifname: 'eth1', addresses: ['10.43.0.6/24'] }));
  await until(5_000, 'the second', () => told.length === 2);
  remove(blue);
  await until(5_000, 'its end', () => told.length === 3);
  t.same(told, ['put blue 10.43.0.5/24', 'put blue 10.43.0.6/24', 'gone blue 10.43.0.5/24']);
  t.equal(book.all().length, 1);
});

t.test('the library’s own are read at once, and told once', async (t) => {
  const { book, told, write, remove } = world(t);
  book.open();
  write(lease());
  await book.lookAt(lease());
  t.same(told, ['put corral 10.42.0.5/24']);
  await book.lookAt(lease());
  t.equal(told.length, 1, 'nothing new');
  remove(lease());
  await book.lookAt(lease());
  t.same(told, ['put corral 10.42.0.5/24', 'gone corral 10.42.0.5/24']);
});

t.test('a lease that is rewritten is told again', async (t) => {
  const { book, told, write } = world(t);
  write(lease({ phase: 'reserved' }));
  book.open();
  write(lease());
  await until(5_000, 'it is told', () => told.length === 1);
  t.equal(book.all()[0]?.phase, 'done');
});

t.test('a lease without its address is what a killed DEL left', async (t) => {
  const { book, leases, told, write } = world(t);
  write(lease());
  rmSync(join(leases, 'corral/addresses/10.42.0.5'));
  book.open();
  t.same(book.all(), []);
  await book.lookAt(lease());
  t.same(told, []);
});

t.test('damage is told once and put aside', async (t) => {
  const { book, leases, damaged, write } = world(t);
  write(lease());
  book.open();
  const dir = join(leases, 'corral/attachments');
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(leases, 'draft'), '{"version":1');
  renameSync(join(leases, 'draft'), join(dir, 'x-eth0.json'));
  await until(5_000, 'it is told', () => damaged.length === 1);
  t.same(damaged, ['corral/x-eth0.json']);
  t.same(book.all(), [lease()]);
});
