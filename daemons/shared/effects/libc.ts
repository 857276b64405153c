// The calls to the C library that Node does not offer. The only importer of koffi, which is loaded at the first call,
// so that a program that never needs it does not pay its 4 ms.
//
// koffi hands the address of a typed array to the callee. For a synchronous call the array lives as long as the call;
// for the asynchronous one it is held in `lent` until the kernel is done with it.
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';

type Argument = number | null | Uint8Array;
interface Routine {
  (...args: Argument[]): number;
  async(...args: [...Argument[], (error: unknown, result: number) => void]): void;
}
interface Koffi {
  load(path: null): { func(prototype: string): Routine };
  errno(): number;
  address(array: Uint8Array): bigint;
}

const prototypes = {
  setns: 'int setns(int, int)',
  flock: 'int flock(int, int)',
  socket: 'int socket(int, int, int)',
  bind: 'int bind(int, const void *, uint32_t)',
  send: 'long send(int, const void *, unsigned long, int)',
  recv: 'long recv(int, void *, unsigned long, int)',
  setsockopt: 'int setsockopt(int, int, int, const void *, uint32_t)',
  getsockopt: 'int getsockopt(int, int, int, void *, void *)',
  sendto: 'long sendto(int, const void *, unsigned long, int, const void *, uint32_t)',
  recvmmsg: 'int recvmmsg(int, void *, unsigned int, int, void *)',
  waitpid: 'int waitpid(int, void *, int)',
  sendmmsg: 'int sendmmsg(int, void *, unsigned int, int)',
} as const;

let koffi: Koffi | undefined;
const routines = new Map<string, Routine>();
const lent = new Set<Uint8Array>();

function routine(name: keyof typeof prototypes): Routine {
  const known = routines.get(name);
  if (known) return known;
  koffi ??= createRequire(import.meta.url)('koffi') as Koffi;
  const made = koffi.load(null).func(prototypes[name]);
  routines.set(name, made);
  return made;
}

/** An error of the C library; `code` is the name of the errno (`EAGAIN`), as in Node's own errors. */
export class LibcError extends Error {
  readonly code: string;
  constructor(call: string, errno: number) {
    const code = errno > 0 ? getSystemErrorName(-errno) : 'UNKNOWN';
    super(`${call}: ${code}`);
    this.name = 'LibcError';
    this.code = code;
  }
}

/** Calls a routine of the C library; throws a LibcError for a negative result. For files of `effects/libc-*.ts` only. */
export function call(name: keyof typeof prototypes, ...args: Argument[]): number {
  const result = routine(name)(...args);
  if (result < 0) throw new LibcError(name, koffi?.errno() ?? 0);
  return result;
}

/**
 * Where an array lies in memory. It stays there only if it is a view of a buffer of its own that is larger than what V8
 * keeps on its heap (64 bytes), and lives only as long as somebody holds it.
 */
export function addressOf(array: Uint8Array): bigint {
  koffi ??= createRequire(import.meta.url)('koffi') as Koffi;
  return koffi.address(array);
}

const CLONE_NEWNET = 0x40000000;
/** Moves the calling thread into the network namespace behind `fd`. Only netns.ts may call it. */
export function setns(fd: number): void {
  call('setns', fd, CLONE_NEWNET);
}

const LOCK = { shared: 1, exclusive: 2, unlock: 8 } as const;
const LOCK_NB = 4;
/** Tries once to take (or releases) the advisory lock of an open file; false if another holder is in the way. */
export function flock(fd: number, mode: keyof typeof LOCK): boolean {
  try {
    call('flock', fd, LOCK[mode] | LOCK_NB);
    return true;
  } catch (error) {
    if (error instanceof LibcError && (error.code === 'EAGAIN' || error.code === 'EINTR')) return false;
    throw error;
  }
}

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SOL_NETLINK = 270;
const NETLINK_LISTEN_ALL_NSID = 8;
const SO_PEERCRED = 17;
const SO_RCVTIMEO = 20;
const SO_RCVBUFFORCE = 33;
const MSG_DONTWAIT = 0x40;

/** Opens a netlink socket of `protocol`, bound to a port of the kernel's choice and to the multicast `groups` (bit mask). */
export function openNetlinkSocket(protocol: number, groups: number, options: { blocking: boolean }): number {
  const fd = call('socket', AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | (options.blocking ? 0 : SOCK_NONBLOCK), protocol);
  const address = new Uint8Array(12); // struct sockaddr_nl: family, padding, port, groups
  const view = new DataView(address.buffer);
  view.setUint16(0, AF_NETLINK, true);
  view.setUint32(8, groups, true);
  call('bind', fd, address, address.length);
  return fd;
}

/** Makes blocking reads of the socket return (with EAGAIN) after `ms`. */
export function setReceiveTimeout(fd: number, ms: number): void {
  const time = new BigInt64Array([BigInt(Math.floor(ms / 1000)), BigInt((ms % 1000) * 1000)]); // struct timeval
  call('setsockopt', fd, SOL_SOCKET, SO_RCVTIMEO, new Uint8Array(time.buffer), 16);
}

/** Sets the receive buffer, beyond the machine's limit for ordinary users (needs CAP_NET_ADMIN). */
export function setReceiveBuffer(fd: number, bytes: number): void {
  call('setsockopt', fd, SOL_SOCKET, SO_RCVBUFFORCE, new Uint8Array(new Int32Array([bytes]).buffer), 4);
}

/** A netlink socket hears notices of every namespace that has a number in this one, as the other ends of its veths have. Needs CAP_NET_BROADCAST. */
export function hearAllNamespaces(fd: number): void {
  call('setsockopt', fd, SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, new Uint8Array(new Int32Array([1]).buffer), 4);
}

/** Sends; returns when the kernel has taken the message, and for rtnetlink when it has carried it out. */
export function sendNow(fd: number, bytes: Uint8Array): void {
  call('send', fd, bytes, bytes.length, 0);
}

/** Sends on a thread of libuv's pool, for requests that keep the kernel busy for milliseconds. */
export function sendOffLoop(fd: number, bytes: Uint8Array): Promise<void> {
  lent.add(bytes);
  return new Promise((resolve, reject) => {
    routine('send').async(fd, bytes, bytes.length, 0, (error, sent) => {
      lent.delete(bytes);
      if (error || sent < 0)
        reject(new LibcError('send', 0)); // errno belongs to the other thread
      else resolve();
    });
  });
}

/** Takes one waiting datagram without blocking; 0 if there is none. */
export function receiveNow(fd: number, into: Uint8Array): number {
  const length = routine('recv')(fd, into, into.length, MSG_DONTWAIT);
  if (length >= 0) return length;
  // Watches poll several times a second, mostly in vain: an error object each time is what they would cost.
  const errno = koffi?.errno() ?? 0;
  if (errno === constants.errno.EAGAIN) return 0;
  throw new LibcError('recv', errno);
}

/** Who is at the other end of a connected unix socket, as the kernel recorded it at connect time. */
export function peerCredentials(fd: number): { pid: number; uid: number; gid: number } {
  const value = new Int32Array(3); // struct ucred
  const length = new Uint32Array([12]);
  call('getsockopt', fd, SOL_SOCKET, SO_PEERCRED, new Uint8Array(value.buffer), new Uint8Array(length.buffer));
  return { pid: value[0]!, uid: value[1]!, gid: value[2]! };
}

const WNOHANG = 1;
/**
 * Takes the exit of a dead child that Node does not know of, so that its entry in the process table goes. False as long as
 * it has threads that live; true also when it is no child of this process.
 */
export function reap(pid: number): boolean {
  return routine('waitpid')(pid, null, WNOHANG) !== 0;
}
