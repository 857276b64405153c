import t from 'tap';
import { daemonLock, daemonSocket, maxRootLength, pathsBelow } from '../../../../daemons/shared/model/paths.ts';

t.test('without a root the machine’s own places', async (t) => {
  for (const root of ['', '/']) {
    const paths = pathsBelow(root);
    t.equal(paths.config, '/etc/corral/corral.yaml');
    t.equal(paths.run, '/run/corral');
    t.equal(paths.cniBin, '/opt/cni/bin');
    t.equal(daemonSocket(paths, 'metadata'), '/run/corral/metadata.sock');
    t.equal(daemonLock(paths, 'dns'), '/run/corral/dns.lock');
  }
});

t.test('a second root holds everything', async (t) => {
  const paths = pathsBelow('/tmp/lab/');
  for (const path of Object.values(paths)) t.ok(path.startsWith('/tmp/lab'), path);
});

t.test('CORRAL_CONFIG names a file anywhere', async (t) => {
  t.equal(pathsBelow('/tmp/lab', '/etc/other.yaml').config, '/etc/other.yaml');
});

t.test('a root whose sockets would not fit is refused, the longest allowed one is not', async (t) => {
  const longest = `/${'x'.repeat(maxRootLength - 1)}`;
  const shim = pathsBelow(longest).cniSocket;
  t.ok(Buffer.byteLength(shim) <= 107, 'the socket that other programs connect to fits as it is');
  t.throws(() => pathsBelow(`${longest}y`), { code: 'ROOT_TOO_LONG' });
  t.throws(() => pathsBelow(`/${'ü'.repeat(40)}`), { code: 'ROOT_TOO_LONG' }, 'bytes count, not characters');
  t.throws(() => pathsBelow('relative'), { code: 'USAGE' });
});
