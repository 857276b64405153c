// Datagrams by the dozen: one call receives a batch, one call answers it. For a thread of its own, which may block.
//
// Everything the kernel reads or writes (message headers, vectors, addresses, packets) lies in one buffer at fixed offsets,
// held at module level for as long as the batch exists. A reply is written over the query that it answers, so that header
// and question need not be copied. The layout is that of 64-bit little-endian Linux, glibc and musl alike.
import { closeSync } from 'node:fs';
import { endianness } from 'node:os';
import { SuiteError } from '../model/errors.ts';
import { type Ipv4, ipv4Bytes } from '../model/ipv4.ts';
import { addressOf, call, LibcError, setReceiveTimeout } from './libc.ts';

const AF_INET = 2;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_REUSEPORT = 15;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const MSG_WAITFORONE = 0x10000;

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

/** Sends one datagram without waiting; false if the kernel did not take it. */
export function sendTo(fd: number, bytes: Uint8Array, address: Ipv4, port: number): boolean {
  try {
    call('sendto', fd, bytes, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL, socketAddress(address, port), addressBytes);
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

const addressBytes = 16;
const vectorBytes = 16; // struct iovec: base, length
const headerBytes = 64; // struct mmsghdr: name @0, name length @8, vectors @16, their number @24, … flags @48, length @56
/** A query may have 4096 bytes; one byte more tells a longer one. Not a power of two: the slots would share cache lines. */
export const slotBytes = 4352;

/** What the kernel may write into; never collected while the batch is in use. */
const held = new Set<ArrayBuffer>();

export class DatagramBatch {
  readonly size: number;
  /** All packets; the one of slot `i` begins at `start(i)`. */
  readonly bytes: Uint8Array;
  /** The same by words; slots begin at multiples of four bytes. */
  readonly words: Int32Array;
  readonly #buffer: ArrayBuffer;
  readonly #words: Uint32Array;
  readonly #names: Uint8Array;
  readonly #incoming: Uint8Array;
  readonly #outgoing: Uint8Array;
  /** Offsets of the parts, in 32-bit words. */
  readonly #at: { in: number; out: number; vectors: number; sends: number; name: number };
  readonly #base: bigint;

  constructor(size: number) {
    this.size = size;
    const parts = { in: 0, out: 0, vectors: 0, sends: 0, name: 0 };
    let end = 0;
    const place = (bytes: number): number => {
      end += bytes * size;
      return end - bytes * size;
    };
    parts.in = place(headerBytes);
    parts.out = place(headerBytes);
    parts.vectors = place(vectorBytes);
    parts.sends = place(vectorBytes);
    parts.name = place(addressBytes);
    const packets = place(slotBytes);
    this.#buffer = new ArrayBuffer(end);
    held.add(this.#buffer);
    this.#words = new Uint32Array(this.#buffer);
    this.#names = new Uint8Array(this.#buffer, parts.name, addressBytes * size);
    this.#incoming = new Uint8Array(this.#buffer, parts.in, headerBytes * size);
    this.#outgoing = new Uint8Array(this.#buffer, parts.out, headerBytes * size);
    this.bytes = new Uint8Array(this.#buffer, packets, slotBytes * size);
    this.words = new Int32Array(this.#buffer, packets, (slotBytes / 4) * size);
    this.#base = addressOf(new Uint8Array(this.#buffer));
    this.#at = {
      in: parts.in / 4,
      out: parts.out / 4,
      vectors: parts.vectors / 4,
      sends: parts.sends / 4,
      name: parts.name,
    };
    for (let slot = 0; slot < size; slot += 1) this.#wire(slot, parts, packets);
  }

  #wire(
    slot: number,
    parts: { in: number; out: number; vectors: number; sends: number; name: number },
    packets: number,
  ): void {
    const names = parts.name + slot * addressBytes;
    for (const [headers, vectors] of [
      [parts.in, parts.vectors],
      [parts.out, parts.sends],
    ] as const) {
      const header = headers + slot * headerBytes;
      const vector = vectors + slot * vectorBytes;
      this.#pointer(header, names);
      this.#words[(header + 8) / 4] = addressBytes;
      this.#pointer(header + 16, vector);
      this.#words[(header + 24) / 4] = 1;
      this.#pointer(vector, packets + slot * slotBytes);
      this.#words[(vector + 8) / 4] = slotBytes;
    }
  }

  #pointer(at: number, target: number): void {
    new DataView(this.#buffer).setBigUint64(at, this.#base + BigInt(target), true);
  }

  /** Waits for at least one datagram, until the socket's timeout; the number received, 0 for none. Throws a LibcError. */
  receive(fd: number): number {
    try {
      return call('recvmmsg', fd, this.#incoming, this.size, MSG_WAITFORONE, null);
    } catch (error) {
      if (error instanceof LibcError && harmless.has(error.code)) return 0;
      throw error;
    }
  }

  start(slot: number): number {
    return slot * slotBytes;
  }

  /** Bytes received into the slot; `slotBytes` for what was longer. */
  received(slot: number): number {
    return this.#words[this.#at.in + slot * (headerBytes / 4) + 14]!;
  }

  /** The sender's address as a signed number: a small integer for V8, a key for maps. */
  sender(slot: number): number {
    const at = slot * addressBytes + 4;
    const names = this.#names;
    return (names[at]! << 24) | (names[at + 1]! << 16) | (names[at + 2]! << 8) | names[at + 3]!;
  }

  senderPort(slot: number): number {
    const at = slot * addressBytes + 2;
    return (this.#names[at]! << 8) | this.#names[at + 1]!;
  }

  /** The reply that stands in the slot goes out as the `turn`-th of this batch. */
  queue(turn: number, slot: number, length: number): void {
    const words = this.#words;
    const vector = this.#at.sends + turn * (vectorBytes / 4);
    const source = this.#at.vectors + slot * (vectorBytes / 4);
    words[vector] = words[source]!;
    words[vector + 1] = words[source + 1]!;
    words[vector + 2] = length;
    const header = this.#at.out + turn * (headerBytes / 4);
    const from = this.#at.in + slot * (headerBytes / 4);
    words[header] = words[from]!;
    words[header + 1] = words[from + 1]!;
  }

  /** Sends the first `count` queued replies; returns how many the kernel did not take. */
  send(fd: number, count: number): number {
    let done = 0;
    let refused = 0;
    while (done < count) {
      try {
        const from = done === 0 ? this.#outgoing : this.#outgoing.subarray(done * headerBytes);
        done += call('sendmmsg', fd, from, count - done, MSG_DONTWAIT | MSG_NOSIGNAL);
      } catch {
        // The first of the rest was refused (its client unreachable, the buffer full): the others are tried.
        done += 1;
        refused += 1;
      }
    }
    return refused;
  }

  /** After this the batch must not be used. */
  release(): void {
    held.delete(this.#buffer);
  }
}

/** Nothing came in time, a signal, or an ICMP message about an earlier reply. */
const harmless = new Set(['EAGAIN', 'EINTR', 'ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH']);
