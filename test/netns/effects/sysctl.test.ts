import t from 'tap';
import { openNetns } from '../../../daemons/shared/effects/netns.ts';
import { ensureSysctl, readSysctl } from '../../../daemons/shared/effects/sysctl.ts';
import { exec, isRoot, makeNamespace } from '../support/namespaces.ts';

if (!isRoot) {
  t.plan(0, 'needs root');
  process.exit(0);
}

t.test('a setting of another namespace is read and written there', async (t) => {
  const ns = makeNamespace(t, 'sysctl');
  const handle = openNetns(ns.path);
  t.teardown(() => handle.close());
  const shown = (key: string): string => exec(ns, 'cat', [`/proc/sys/${key}`]).trim();
  const key = 'net/ipv4/ip_forward';
  const here = readSysctl(key);
  const other = shown(key) === '1' ? '0' : '1';
  t.equal(ensureSysctl(key, other, handle), true);
  t.equal(ensureSysctl(key, other, handle), false);
  t.equal(shown(key), other);
  t.equal(readSysctl(key, handle), other);
  t.equal(readSysctl(key), here, 'the own namespace is untouched');

  exec(ns, 'ip', ['link', 'add', 'br.5', 'type', 'bridge']);
  t.equal(ensureSysctl('net/ipv4/conf/br.5/rp_filter', '2', handle), true);
  t.equal(readSysctl('net/ipv4/conf/br.5/rp_filter'), undefined);
});

t.test('what is not there, not taken, or no key', async (t) => {
  t.equal(readSysctl('net/ipv4/no_such_setting'), undefined);
  t.throws(() => ensureSysctl('net/ipv4/no_such_setting', '1'), { code: 'FILE_UNREADABLE', cause: { code: 'ENOENT' } });
  const handle = openNetns(makeNamespace(t, 'refuse').path);
  t.teardown(() => handle.close());
  t.throws(() => ensureSysctl('net/ipv4/ip_default_ttl', 'many', handle), {
    code: 'SYSCTL_REFUSED',
    message: /EINVAL/,
  });
  for (const key of ['', 'net', '../etc/passwd', 'net/../../etc/passwd', '/etc/passwd', 'net//x', 'net/a b']) {
    t.throws(() => readSysctl(key), { code: 'SYSCTL_REFUSED' }, key);
  }
});
