import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import {
  flock,
  LibcError,
  openNetlinkSocket,
  peerCredentials,
  receiveNow,
  sendOffLoop,
  setReceiveTimeout,
} from '../../../../daemons/shared/effects/libc.ts';
import { frame, readMessages } from '../../../../daemons/shared/effects/netlink/framing.ts';

/** The descriptor behind a socket of Node's. */
function descriptorOf(socket: Socket): number {
  return (socket as unknown as { _handle: { fd: number } })._handle.fd;
}

t.test('the other end of a unix socket is known', async (t) => {
  // Not beneath the repository: a deep checkout would make the path longer than a socket's may be.
  const directory = mkdtempSync(join(tmpdir(), 'co-libc-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 's');
  const server = createServer();
  server.listen(path);
  await once(server, 'listening');
  const client = connect(path);
  const [accepted] = (await once(server, 'connection')) as [Socket];
  t.teardown(() => {
    client.destroy();
    accepted.destroy();
    server.close();
  });
  const self = { pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.() };
  t.same(peerCredentials(descriptorOf(accepted)), self);
});

t.test('errors carry the name of the errno', async (t) => {
  t.throws(() => peerCredentials(-1), { name: 'LibcError', code: 'EBADF', message: /getsockopt: EBADF/ });
  t.throws(() => flock(-1, 'shared'), { code: 'EBADF' });
  t.equal(new LibcError('send', 0).code, 'UNKNOWN');
  await t.rejects(sendOffLoop(-1, Buffer.alloc(16)), { name: 'LibcError' });
});

t.test('flock between two descriptors of one file', async (t) => {
  const path = join(t.testdir({ lock: '' }), 'lock');
  const [a, b] = [openSync(path, 'r'), openSync(path, 'r')];
  t.equal(flock(a, 'shared'), true);
  t.equal(flock(b, 'shared'), true);
  t.equal(flock(b, 'exclusive'), false);
  t.equal(flock(a, 'unlock'), true);
  t.equal(flock(b, 'exclusive'), true);
  closeSync(b);
  t.equal(flock(a, 'exclusive'), true, 'closing releases');
  closeSync(a);
});

t.test('a request of our own over a netlink socket', async (t) => {
  const fd = openNetlinkSocket(0, 0, { blocking: true });
  t.teardown(() => closeSync(fd));
  setReceiveTimeout(fd, 1_000);
  const buffer = Buffer.alloc(32_768);
  t.equal(receiveNow(fd, buffer), 0, 'nothing waits, and it does not block');
  const about = Buffer.alloc(16);
  about.writeInt32LE(1, 4); // the loopback device
  await sendOffLoop(fd, frame(18, 1, 42, about));
  const [answer] = readMessages(buffer.subarray(0, receiveNow(fd, buffer)));
  t.match(answer, { type: 16, seq: 42 });
});
