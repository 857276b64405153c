import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parseResolvConf, readResolvConf } from '../../../../cni-plugins/ipam/resolv-conf.ts';
import { callFromRef } from '../../../../cni-plugins/shared/call.ts';
import { cniCodeOf } from '../cni-code-of.ts';

t.test('a resolver’s file', async (t) => {
  const text = `# c
nameserver 192.0.2.1
nameserver\t2001:db8::1 # second
  search old.example
search a.example b.example
domain x.example ; d
options ndots:1
options timeout:2 rotate
sortlist 192.0.2.0
nameserver
`;
  t.strictSame(parseResolvConf(text), {
    nameservers: ['192.0.2.1', '2001:db8::1'],
    domain: 'x.example',
    search: ['a.example', 'b.example'],
    options: ['ndots:1', 'timeout:2', 'rotate'],
  });
  t.strictSame(parseResolvConf(''), {});
  t.equal(parseResolvConf('nameserver 192.0.2.1\n'.repeat(1000)).nameservers?.length, 64);
});

t.test('where it is read', async (t) => {
  const dir = t.testdir();
  writeFileSync(join(dir, 'r'), 'nameserver 192.0.2.1');
  const call = (resolvConf: unknown, callerRoot = ''): Parameters<typeof readResolvConf>[0] =>
    callFromRef(
      { containerId: 'c', callerRoot, config: { cniVersion: '1.0.0', name: 'n', ipam: { resolvConf } } },
      'DEL',
    );
  t.same(readResolvConf(call(join(dir, 'r'))), { nameservers: ['192.0.2.1'] });
  t.same(readResolvConf(call('/r', dir)), { nameservers: ['192.0.2.1'] }, 'in the caller’s file system');
  t.equal(readResolvConf(call('')), undefined);
  for (const path of ['r', '../r', 7, 'a\0b'])
    t.equal(
      cniCodeOf(() => readResolvConf(call(path))),
      7,
    );
  t.throws(() => readResolvConf(call(join(dir, 'none'))), { code: 'FILE_UNREADABLE' });
});
