import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import t from 'tap';
import { loadOrder, packBootImage } from '../../../vm/support/boot-image.ts';

t.test('an archive is what cpio reads', async (t) => {
  const archive = packBootImage(
    [
      { path: 'init', content: '#!/bin/sh\n', executable: true },
      { path: 'a/b/c.txt', content: 'four' },
      { path: 'a/odd', content: Buffer.from([1, 2, 3]) },
    ],
    ['proc'],
  );
  const dir = t.testdir();
  execFileSync('busybox', ['cpio', '-id'], { input: archive, cwd: dir, stdio: ['pipe', 'ignore', 'pipe'] });
  t.equal(readFileSync(`${dir}/init`, 'utf8'), '#!/bin/sh\n');
  t.equal(readFileSync(`${dir}/a/b/c.txt`, 'utf8'), 'four');
  t.same([...readFileSync(`${dir}/a/odd`)], [1, 2, 3]);
  const listed = execFileSync('busybox', ['cpio', '-tv'], {
    input: archive,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  t.match(listed, /-rwxr-xr-x.* init/);
  t.match(listed, /drwxr-xr-x.* proc/);
});

const index = `kernel/fs/9p/9p.ko: kernel/net/9p/9pnet.ko kernel/fs/netfs/netfs.ko
kernel/net/9p/9pnet.ko:
kernel/fs/netfs/netfs.ko: kernel/lib/low.ko
kernel/lib/low.ko:
kernel/net/9p/9pnet_virtio.ko: kernel/net/9p/9pnet.ko kernel/drivers/virtio/virtio-ring.ko
kernel/drivers/virtio/virtio-ring.ko:
`;

t.test('a module comes behind all that it needs, once', async (t) => {
  t.same(loadOrder(index, ['9pnet-virtio', '9p', 'virtio_ring']), [
    'kernel/net/9p/9pnet.ko',
    'kernel/drivers/virtio/virtio-ring.ko',
    'kernel/net/9p/9pnet_virtio.ko',
    'kernel/lib/low.ko',
    'kernel/fs/netfs/netfs.ko',
    'kernel/fs/9p/9p.ko',
  ]);
});

t.test('what the index does not know is in the kernel itself', async (t) => {
  t.same(loadOrder(index, ['overlay']), []);
});
