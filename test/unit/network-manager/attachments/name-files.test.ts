import { readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { rewrite } from '../../../../daemons/network-manager/attachments/name-files.ts';
import { rewriteHosts, rewriteResolver, wantNames } from '../../../../daemons/network-manager/attachments/names.ts';
import { container } from './support.ts';

const settings = { nameserver: '169.254.169.250', zone: 'rancher.internal' };

t.test('in place: the same inode, and only when something differs', async (t) => {
  const path = join(t.testdir({}), 'resolv.conf');
  writeFileSync(path, 'nameserver 10.0.0.1\n# a long comment that is left out\n');
  const inode = statSync(path).ino;
  t.equal(
    rewrite(path, () => 'short\n'),
    true,
  );
  t.equal(readFileSync(path, 'utf8'), 'short\n');
  t.equal(statSync(path).ino, inode);
  const { mtimeMs } = statSync(path);
  t.equal(
    rewrite(path, (have) => have),
    false,
  );
  t.equal(statSync(path).mtimeMs, mtimeMs);
});

t.test('paths that are not a container’s own file', async (t) => {
  const never = (): string => {
    throw new Error('must not be read');
  };
  for (const path of ['', '/etc/resolv.conf', '/etc/hosts', 'relative', '/nowhere/resolv.conf']) {
    t.equal(rewrite(path, never), false, path);
  }
});

t.test('a file as it lies there, through a link as Docker’s root may be one', async (t) => {
  const dir = t.testdir({ real: { hosts: '127.0.0.1\tlocalhost\n' } });
  symlinkSync(join(dir, 'real'), join(dir, 'link'));
  const made = container({ hostsPath: join(dir, 'link/hosts'), hostname: 'web', domainname: 'corp' });
  t.equal(rewriteHosts(made, '10.42.0.5'), true);
  t.equal(readFileSync(join(dir, 'real/hosts'), 'utf8'), '127.0.0.1\tlocalhost\n10.42.0.5\tweb.corp web\t# corral\n');
  t.equal(rewriteHosts(made, '10.42.0.5'), false);
  t.equal(rewriteHosts({ ...made, hostname: '' }, '10.42.0.6'), false, 'no host name, no line');
});

t.test('who is asked for', async (t) => {
  const label = (value: string) => container({ labels: { 'io.rancher.container.dns': value } });
  t.ok(wantNames(container(), true, settings), 'attached');
  t.equal(wantNames(container(), false, settings), undefined, 'not attached');
  t.equal(wantNames(label('false'), true, settings), undefined, 'never');
  t.ok(wantNames(label('true'), false, settings), 'always');
  const told = container({ dns: ['192.0.2.53', '169.254.169.250', '192.0.2.53'] });
  t.same(wantNames(told, true, settings)?.dns, ['169.254.169.250', '192.0.2.53'], 'ours first, then the engine’s');
});

t.test('the resolver', async (t) => {
  const path = join(t.testdir({ 'resolv.conf': 'nameserver 10.0.0.1\n' }), 'resolv.conf');
  const made = container({ resolvConfPath: path, dnsSearch: ['corp'], dns: ['192.0.2.53'] });
  const wish = wantNames(made, true, settings);
  t.ok(wish);
  if (wish) rewriteResolver(made, wish);
  t.equal(
    readFileSync(path, 'utf8'),
    '# nameserver 10.0.0.1\nsearch corp rancher.internal\nnameserver 169.254.169.250\n',
  );
});
