// Pure: which replies of a batch travel together. To one client the kernel takes many datagrams as one (UDP segmentation, Linux
// 4.18): equally long ones and a last shorter one. They go through routing, rules and bridge once, which costs more than all
// else that a reply costs, and arrive one by one.

/** The kernel's bounds: 64 parts, and less than 64 KiB with headers. */
const maxParts = 64;
const maxGroupBytes = 61_440;
const noGroup = -1;
const last = -1;

/** Groups the replies of one batch of at most `size`; all arrays are made once. */
export class ReplyGroups {
  /** Number of groups so far. */
  count = 0;
  /** By group: the slot of one reply, the length of all but the last one, the length of the last one, their number. */
  readonly slotOf: Int32Array;
  readonly lengthOf: Int32Array;
  readonly lastLengthOf: Int32Array;
  readonly partsOf: Int32Array;
  /** By reply, after `arrange`: the slots in the order of groups, a group's replies in a row. */
  readonly order: Int32Array;
  readonly #joins: boolean;
  /** The latest group of a client, by hash. */
  readonly #table: Int32Array;
  readonly #hashOf: Int32Array;
  readonly #clientOf: Float64Array;
  readonly #firstTurnOf: Int32Array;
  readonly #startOf: Int32Array;
  #replies = 0;
  readonly #slots: Int32Array;
  readonly #groups: Int32Array;
  /** Among the equally long ones of its group, or `last`. */
  readonly #places: Int32Array;

  constructor(size: number, joins: boolean) {
    const make = (): Int32Array => new Int32Array(size);
    this.#joins = joins;
    [this.slotOf, this.lengthOf, this.lastLengthOf, this.partsOf, this.order] = [
      make(),
      make(),
      make(),
      make(),
      make(),
    ];
    [this.#hashOf, this.#firstTurnOf, this.#startOf] = [make(), make(), make()];
    [this.#slots, this.#groups, this.#places] = [make(), make(), make()];
    this.#clientOf = new Float64Array(size);
    this.#table = new Int32Array(256).fill(noGroup);
  }

  /** Adds the reply of `length` bytes in `slot`; `client` is a number for address and port together. */
  add(slot: number, client: number, length: number): void {
    const hash = hashOf(client);
    const group = this.#joins ? this.#table[hash]! : noGroup;
    if (group !== noGroup && this.#clientOf[group] === client && this.#join(group, slot, length)) return;
    this.#begin(slot, client, length, hash);
  }

  /** Puts the replies in order and forgets the groups' clients; `clear` begins the next batch. */
  arrange(): void {
    let start = 0;
    for (let group = 0; group < this.count; group += 1) {
      this.#startOf[group] = start;
      start += this.partsOf[group]!;
      this.#table[this.#hashOf[group]!] = noGroup;
    }
    for (let turn = 0; turn < this.#replies; turn += 1) {
      const group = this.#groups[turn]!;
      const place = this.#places[turn]! === last ? this.partsOf[group]! - 1 : this.#places[turn]!;
      this.order[this.#startOf[group]! + place] = this.#slots[turn]!;
    }
  }

  clear(): void {
    this.count = 0;
    this.#replies = 0;
  }

  #begin(slot: number, client: number, length: number, hash: number): void {
    const group = this.count;
    this.count = group + 1;
    this.#table[hash] = group;
    this.#hashOf[group] = hash;
    this.#clientOf[group] = client;
    this.#firstTurnOf[group] = this.#replies;
    this.slotOf[group] = slot;
    this.lengthOf[group] = length;
    this.lastLengthOf[group] = length;
    this.partsOf[group] = 1;
    this.#place(slot, group, 0);
  }

  /** False if the reply does not fit into the group. */
  #join(group: number, slot: number, length: number): boolean {
    const usual = this.lengthOf[group]!;
    const parts = this.partsOf[group]!;
    const hasLast = this.lastLengthOf[group]! < usual;
    if (parts >= maxParts || (parts + 1) * Math.max(usual, length) > maxGroupBytes) return false;
    if (length === usual) this.#place(slot, group, hasLast ? parts - 1 : parts);
    else if (hasLast) return false;
    else if (length < usual) {
      this.lastLengthOf[group] = length;
      this.#place(slot, group, last);
    } else {
      // The longer one goes first, if the shorter one is alone so far.
      if (parts > 1) return false;
      this.#places[this.#firstTurnOf[group]!] = last;
      this.lengthOf[group] = length;
      this.#place(slot, group, 0);
    }
    this.partsOf[group] = parts + 1;
    return true;
  }

  #place(slot: number, group: number, place: number): void {
    const turn = this.#replies;
    this.#replies = turn + 1;
    this.#slots[turn] = slot;
    this.#groups[turn] = group;
    this.#places[turn] = place;
  }
}

function hashOf(client: number): number {
  const mixed = Math.imul((client >>> 0) ^ (client / 0x100000000), 0x9e3779b1);
  return (mixed >>> 24) & 255;
}
