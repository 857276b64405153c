// Datagrams to unix sockets, which is how a service manager is told of a service's state (sd_notify(3)). Node has none.
import { closeSync } from 'node:fs';
import { call } from './libc.ts';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** Of struct sockaddr_un, with the byte that ends it. */
const longestPath = 107;

/**
 * Sends one datagram, without waiting for a receiver that is behind.
 * @param path of a file, or `@` and a name of the abstract namespace
 * @throws LibcError `ENOENT`, `ECONNREFUSED`, `EAGAIN` …
 */
export function sendToUnixSocket(path: string, text: string): void {
  const bytes = Buffer.from(text);
  const address = socketAddress(path);
  const fd = call('socket', AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  try {
    call('sendto', fd, bytes, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL, address, address.length);
  } finally {
    closeSync(fd);
  }
}

/** struct sockaddr_un. A name of the abstract namespace begins with a zero and ends where the address ends. */
function socketAddress(path: string): Uint8Array {
  const name = Buffer.from(path);
  if (name.length > longestPath) throw new RangeError(`a unix socket's path has at most ${longestPath} bytes: ${path}`);
  const isAbstract = path.startsWith('@');
  const bytes = new Uint8Array(2 + name.length + (isAbstract ? 0 : 1));
  new DataView(bytes.buffer).setUint16(0, AF_UNIX, true);
  bytes.set(name, 2);
  if (isAbstract) bytes[2] = 0;
  return bytes;
}
