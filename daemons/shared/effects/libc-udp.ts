// Sockets for DNS over UDP that may block a thread.
import { closeSync } from 'node:fs';
import { endianness } from 'node:os';
import { SuiteError } from '../model/errors.ts';
import { type Ipv4, ipv4Bytes } from '../model/ipv4.ts';
import { call, setReceiveTimeout } from './libc.ts';

const AF_INET = 2;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_REUSEPORT = 15;
const SOL_UDP = 17;
const UDP_SEGMENT = 103;
const addressBytes = 16;

export interface UdpSocketOptions {
  readonly address: Ipv4;
  readonly port: number;
  /** Several sockets share the port, the kernel spreads the clients over them. */
  readonly shared: boolean;
  /** A blocking receive returns empty-handed after this long. */
  readonly timeoutMs: number;
  readonly bufferBytes: number;
}

/**
 * Opens a bound UDP socket and returns its descriptor, for the caller to close. Throws a LibcError (`EADDRINUSE`), or
 * INTERNAL where this machine lacks the calls.
 */
export function openUdpSocket(options: UdpSocketOptions): number {
  requireCalls();
  const fd = call('socket', AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  try {
    if (options.shared) setOption(fd, SO_REUSEPORT, 1);
    setBuffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, options.bufferBytes);
    setBuffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, options.bufferBytes);
    setReceiveTimeout(fd, options.timeoutMs);
    call('bind', fd, socketAddress(options.address, options.port), addressBytes);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** True if this kernel takes several datagrams to one client as one; older ones would send them as a single large one. */
export function canJoin(fd: number): boolean {
  try {
    call('setsockopt', fd, SOL_UDP, UDP_SEGMENT, new Uint8Array(4), 4);
    return true;
  } catch {
    return false;
  }
}

function requireCalls(): void {
  if (process.platform === 'linux' && endianness() === 'LE' && ['x64', 'arm64'].includes(process.arch)) return;
  throw new SuiteError('INTERNAL', `receive datagrams in batches on ${process.platform} ${process.arch}`);
}

function setOption(fd: number, option: number, value: number): void {
  call('setsockopt', fd, SOL_SOCKET, option, new Uint8Array(new Int32Array([value]).buffer), 4);
}

/** Beyond the machine's limit where that is permitted, else as far as it goes. */
function setBuffer(fd: number, force: number, ordinary: number, bytes: number): void {
  try {
    setOption(fd, force, bytes);
  } catch {
    setOption(fd, ordinary, bytes);
  }
}

/** struct sockaddr_in */
function socketAddress(address: Ipv4, port: number): Uint8Array {
  const bytes = new Uint8Array(addressBytes);
  bytes[0] = AF_INET;
  bytes[2] = port >> 8;
  bytes[3] = port & 255;
  bytes.set(ipv4Bytes(address), 4);
  return bytes;
}
