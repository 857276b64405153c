// Pure: the value of `/version`: a hash of all that is served, as a uuid. It follows from the content alone, so it changes when
// and only when the content does, costs one hash for each changed object, and is the same after a restart.
import { hash } from 'node:crypto';
import type { SnapshotObject } from '../shared/model/objects.ts';

const lanes = 4;

export class ContentVersion {
  /** Sum of the objects' hashes, lane by lane: the order in which they came leaves no trace. */
  readonly #sum = new Uint32Array(lanes);
  /** Added and not in the sum yet. */
  #uncounted: SnapshotObject[] = [];
  #text: string | undefined;

  add(object: SnapshotObject): void {
    this.#count(object, 1);
  }

  /** Leaves the work to `countSome`, or to who asks for the text before that. */
  addLater(object: SnapshotObject): void {
    this.#uncounted.push(object);
    this.#text = undefined;
  }

  /** Counts at most so many of those that were left for later. True when none is left. */
  countSome(most: number): boolean {
    for (const object of this.#uncounted.splice(-most)) this.#count(object, 1);
    return this.#uncounted.length === 0;
  }

  remove(object: SnapshotObject): void {
    this.#count(object, -1);
  }

  /** A uuid of version 8, whose bits are the maker's own (RFC 9562, section 5.8). */
  get text(): string {
    if (this.#text !== undefined) return this.#text;
    this.countSome(this.#uncounted.length);
    const bytes = Buffer.from(new Uint8Array(this.#sum.buffer));
    bytes[6] = (bytes[6]! & 0x0f) | 0x80;
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    const hex = bytes.toString('hex');
    const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)];
    this.#text = parts.join('-');
    return this.#text;
  }

  #count(object: SnapshotObject, sign: 1 | -1): void {
    // Which part of a network is whose is not shown, and how hosts hide what they send is not either.
    if (object.kind === 'block' || object.kind === 'tunnel') return;
    const digest = hash('sha256', JSON.stringify(object), 'buffer');
    for (let at = 0; at < lanes; at += 1) {
      this.#sum[at] = this.#sum[at]! + sign * digest.readUInt32LE(at * 4);
    }
    this.#text = undefined;
  }
}
