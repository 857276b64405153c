// Datagrams by the dozen: one call receives a batch, one call answers it. For a thread of its own, which may block.
//
// Everything the kernel reads or writes (message headers, vectors, addresses, packets) lies in one buffer at fixed offsets,
// held at module level for as long as the batch exists. A reply is written over the query that it answers, so that header
// and question need not be copied. The layout is that of 64-bit little-endian Linux, glibc and musl alike.
import type { Ipv4 } from '../model/ipv4.ts';
import { addressOf, call, LibcError } from './libc.ts';
import { ReplyGroups } from './reply-groups.ts';

const AF_INET = 2;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const MSG_WAITFORONE = 0x10000;
const SOL_UDP = 17;
const UDP_SEGMENT = 103;

const addressBytes = 16;
const vectorBytes = 16; // struct iovec: base, length
// struct mmsghdr: name @0, name length @8, vectors @16, their number @24, control @32, its length @40, flags @48, length @56
const headerBytes = 64;
const headerWords = headerBytes / 4;
const vectorWords = vectorBytes / 4;
/** struct cmsghdr with UDP_SEGMENT: length @0, level @8, type @12, the parts' length (16 bits) @16. */
const controlBytes = 24;
const controlWords = controlBytes / 4;
/** Batches that go out apart after the kernel refused a joined one: a small MTU, a device without checksums. */
const apartAfterRefusal = 1_000;
/** A query may have 4096 bytes; one byte more tells a longer one. Not a power of two: the slots would share cache lines. */
export const slotBytes = 4352;

interface Parts {
  readonly incoming: number;
  readonly outgoing: number;
  /** Vectors of what is received, and of what is sent. */
  readonly received: number;
  readonly sent: number;
  readonly names: number;
  readonly controls: number;
  readonly packets: number;
}

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
  /** Offsets of the parts, in bytes. */
  readonly #at: Parts;
  /** Where the buffer lies: below 2^47, so a number holds it. */
  readonly #base: number;
  readonly #joined: ReplyGroups;
  readonly #apart: ReplyGroups;
  #groups: ReplyGroups;
  /** Batches that still go out apart. */
  #apartFor = 0;

  /** `joins`: replies to one client may go out together, see `canJoin`. */
  constructor(size: number, options: { readonly joins: boolean }) {
    this.size = size;
    let end = 0;
    const place = (bytes: number): number => {
      end += bytes * size;
      return end - bytes * size;
    };
    this.#at = {
      incoming: place(headerBytes),
      outgoing: place(headerBytes),
      received: place(vectorBytes),
      sent: place(vectorBytes),
      names: place(addressBytes),
      controls: place(controlBytes),
      packets: place(slotBytes),
    };
    const { incoming, outgoing, names, packets } = this.#at;
    this.#buffer = new ArrayBuffer(end);
    held.add(this.#buffer);
    this.#words = new Uint32Array(this.#buffer);
    this.#names = new Uint8Array(this.#buffer, names, addressBytes * size);
    this.#incoming = new Uint8Array(this.#buffer, incoming, headerBytes * size);
    this.#outgoing = new Uint8Array(this.#buffer, outgoing, headerBytes * size);
    this.bytes = new Uint8Array(this.#buffer, packets, slotBytes * size);
    this.words = new Int32Array(this.#buffer, packets, (slotBytes / 4) * size);
    this.#base = Number(addressOf(new Uint8Array(this.#buffer)));
    this.#joined = new ReplyGroups(size, true);
    this.#apart = new ReplyGroups(size, false);
    this.#groups = options.joins ? this.#joined : this.#apart;
    for (let slot = 0; slot < size; slot += 1) this.#wire(slot);
  }

  #wire(slot: number): void {
    const at = this.#at;
    const words = this.#words;
    const incoming = at.incoming + slot * headerBytes;
    const outgoing = at.outgoing + slot * headerBytes;
    const vector = at.received + slot * vectorBytes;
    const control = at.controls + slot * controlBytes;
    this.#pointer(incoming, at.names + slot * addressBytes);
    this.#pointer(incoming + 16, vector);
    words[(incoming + 24) / 4] = 1;
    this.#pointer(vector, at.packets + slot * slotBytes);
    words[(vector + 8) / 4] = slotBytes;
    this.#pointer(outgoing + 32, control);
    for (const header of [incoming, outgoing]) words[(header + 8) / 4] = addressBytes;
    words[control / 4] = controlBytes - 6;
    words[control / 4 + 2] = SOL_UDP;
    words[control / 4 + 3] = UDP_SEGMENT;
  }

  #pointer(at: number, target: number): void {
    const address = this.#base + target;
    this.#words[at / 4] = address >>> 0;
    this.#words[at / 4 + 1] = Math.floor(address / 0x100000000);
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
    return this.#words[this.#at.incoming / 4 + slot * headerWords + 14]!;
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

  /** Makes the slot's reply one to this address, for batches that were not received. */
  address(slot: number, to: Ipv4, port: number): void {
    const at = slot * addressBytes;
    const names = this.#names;
    names[at] = AF_INET;
    names[at + 1] = 0;
    names[at + 2] = port >> 8;
    names[at + 3] = port & 255;
    for (let byte = 0; byte < 4; byte += 1) names[at + 4 + byte] = (to >>> (24 - 8 * byte)) & 255;
  }

  /** The reply of `length` bytes that stands in the slot goes out with the next `send`. */
  queue(slot: number, length: number): void {
    const name = this.#at.names / 4 + slot * (addressBytes / 4);
    // Address and port in one number.
    const client = this.#words[name + 1]! * 0x10000 + (this.#words[name]! >>> 16);
    this.#groups.add(slot, client, length);
  }

  /** Sends what was queued; returns how many replies the kernel did not take. */
  send(fd: number): number {
    const groups = this.#groups;
    this.#fill(groups);
    let refused = 0;
    let done = 0;
    while (done < groups.count) {
      try {
        const from = done === 0 ? this.#outgoing : this.#outgoing.subarray(done * headerBytes);
        done += call('sendmmsg', fd, from, groups.count - done, MSG_DONTWAIT | MSG_NOSIGNAL);
      } catch {
        // The first of the rest was refused (its client unreachable, the buffer full): the others are tried.
        refused += groups.partsOf[done]! === 1 ? 1 : this.#sendApart(fd, done);
        done += 1;
      }
    }
    groups.clear();
    if (this.#apartFor > 0) {
      this.#apartFor -= 1;
      this.#groups = this.#apartFor > 0 ? this.#apart : this.#joined;
    }
    return refused;
  }

  /** Headers and vectors of the groups. */
  #fill(groups: ReplyGroups): void {
    groups.arrange();
    let reply = 0;
    for (let group = 0; group < groups.count; group += 1) {
      const parts = groups.partsOf[group]!;
      const length = groups.lengthOf[group]!;
      this.#address(group, groups.slotOf[group]!, reply, parts);
      this.#words[this.#at.controls / 4 + group * controlWords + 4] = length;
      for (let part = 1; part <= parts; part += 1) {
        this.#vector(reply, groups.order[reply]!, part === parts ? groups.lastLengthOf[group]! : length);
        reply += 1;
      }
    }
  }

  /** The outgoing header: to the sender of `slot`, `parts` vectors from the `first` one. */
  #address(header: number, slot: number, first: number, parts: number): void {
    const words = this.#words;
    const to = this.#at.outgoing / 4 + header * headerWords;
    const from = this.#at.incoming / 4 + slot * headerWords;
    words[to] = words[from]!;
    words[to + 1] = words[from + 1]!;
    const vector = this.#base + this.#at.sent + first * vectorBytes;
    words[to + 4] = vector >>> 0;
    words[to + 5] = Math.floor(vector / 0x100000000);
    words[to + 6] = parts;
    words[to + 10] = parts > 1 ? controlBytes : 0;
  }

  #vector(at: number, slot: number, length: number): void {
    const words = this.#words;
    const to = this.#at.sent / 4 + at * vectorWords;
    const from = this.#at.received / 4 + slot * vectorWords;
    words[to] = words[from]!;
    words[to + 1] = words[from + 1]!;
    words[to + 2] = length;
  }

  /** What was refused together is sent one by one; returns how many of them were refused again. */
  #sendApart(fd: number, group: number): number {
    const { partsOf, slotOf } = this.#groups;
    const parts = partsOf[group]!;
    const header = this.#outgoing.subarray(group * headerBytes);
    let first = 0;
    for (let before = 0; before < group; before += 1) first += partsOf[before]!;
    let refused = 0;
    for (let at = first; at < first + parts; at += 1) {
      this.#address(group, slotOf[group]!, at, 1);
      try {
        call('sendmmsg', fd, header, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
      } catch {
        refused += 1;
      }
    }
    if (refused < parts) this.#apartFor = apartAfterRefusal + 1;
    return refused;
  }

  /** After this the batch must not be used. */
  release(): void {
    held.delete(this.#buffer);
  }
}

/** Nothing came in time, a signal, or an ICMP message about an earlier reply. */
const harmless = new Set(['EAGAIN', 'EINTR', 'ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH']);
