// Pure: netlink attributes (type, length, value, padded to four bytes), written and read in host byte order.
//
// The netlink package can encode them too, but it silently mis-encodes values of the wrong type, never marks nested
// attributes, and loading its tables costs 15 ms at the start of a CNI plugin.

const NESTED = 0x8000;
const TYPE_MASK = 0x3fff;

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
if (!littleEndian) throw new Error('Corral runs on little-endian machines only');

/** Collects the payload of a message: a fixed header, then attributes. */
export class Payload {
  #bytes: Buffer;
  #length: number;

  /** `header` is copied. */
  constructor(header: Uint8Array) {
    // From Node's pool: memory of its own for each of these would cost more than the message.
    this.#bytes = Buffer.allocUnsafe(Math.max(256, header.length));
    this.#bytes.set(header);
    this.#length = header.length;
  }

  u8(type: number, value: number): this {
    const at = this.#begin(type, 1);
    this.#bytes.writeUInt8(value, at);
    return this;
  }

  u16(type: number, value: number): this {
    const at = this.#begin(type, 2);
    this.#bytes.writeUInt16LE(value, at);
    return this;
  }

  /** In network order, as ports and protocols are. */
  u16be(type: number, value: number): this {
    const at = this.#begin(type, 2);
    this.#bytes.writeUInt16BE(value, at);
    return this;
  }

  u32(type: number, value: number): this {
    const at = this.#begin(type, 4);
    this.#bytes.writeUInt32LE(value, at);
    return this;
  }

  /** A text, terminated by NUL. */
  text(type: number, value: string): this {
    const length = Buffer.byteLength(value);
    const at = this.#begin(type, length + 1);
    this.#bytes.write(value, at, length, 'utf8');
    return this;
  }

  bytes(type: number, value: Uint8Array): this {
    const at = this.#begin(type, value.length);
    this.#bytes.set(value, at);
    return this;
  }

  /** An attribute that consists of attributes, behind a fixed header if it has one. */
  nest(type: number, fill: (inner: this) => void, header: Uint8Array = new Uint8Array(0)): this {
    const at = this.#begin(type | NESTED, header.length);
    this.#bytes.set(header, at);
    fill(this);
    this.#bytes.writeUInt16LE(this.#length - (at - 4), at - 4);
    return this;
  }

  /** The finished payload. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Appends an attribute header and room for `length` bytes, all zero; returns where the value starts. */
  #begin(type: number, length: number): number {
    const start = this.#length;
    const end = start + 4 + align(length);
    if (end > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(end, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.fill(0, start, end);
    this.#bytes.writeUInt16LE(4 + length, start);
    this.#bytes.writeUInt16LE(type, start + 2);
    this.#length = end;
    return start + 4;
  }
}

export type Attributes = ReadonlyMap<number, Buffer>;

/** Reads the attributes of `bytes` from `offset` on. What is cut short or impossible ends the reading. */
export function readAttributes(bytes: Buffer, offset = 0): Attributes {
  const found = new Map<number, Buffer>();
  for (let at = offset; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt16LE(at);
    if (length < 4 || at + length > bytes.length) break;
    found.set(bytes.readUInt16LE(at + 2) & TYPE_MASK, bytes.subarray(at + 4, at + length));
    at += align(length);
  }
  return found;
}

/** The same for a list, in which a type comes again and again. */
export function readAttributeList(bytes: Buffer): { type: number; value: Buffer }[] {
  const found: { type: number; value: Buffer }[] = [];
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt16LE(at);
    if (length < 4 || at + length > bytes.length) break;
    found.push({ type: bytes.readUInt16LE(at + 2) & TYPE_MASK, value: bytes.subarray(at + 4, at + length) });
    at += align(length);
  }
  return found;
}

export function u8Of(attributes: Attributes, type: number): number | undefined {
  const value = attributes.get(type);
  return value && value.length >= 1 ? value.readUInt8(0) : undefined;
}

export function u16Of(attributes: Attributes, type: number): number | undefined {
  const value = attributes.get(type);
  return value && value.length >= 2 ? value.readUInt16LE(0) : undefined;
}

export function u16beOf(attributes: Attributes, type: number): number | undefined {
  const value = attributes.get(type);
  return value && value.length >= 2 ? value.readUInt16BE(0) : undefined;
}

export function u32Of(attributes: Attributes, type: number): number | undefined {
  const value = attributes.get(type);
  return value && value.length >= 4 ? value.readUInt32LE(0) : undefined;
}

export function s32Of(attributes: Attributes, type: number): number | undefined {
  const value = attributes.get(type);
  return value && value.length >= 4 ? value.readInt32LE(0) : undefined;
}

export function textOf(attributes: Attributes, type: number): string | undefined {
  const value = attributes.get(type);
  if (!value) return undefined;
  const end = value.indexOf(0);
  return value.toString('utf8', 0, end < 0 ? value.length : end);
}

export function nestedOf(attributes: Attributes, type: number): Attributes {
  const value = attributes.get(type);
  return value ? readAttributes(value) : new Map();
}

function align(length: number): number {
  return (length + 3) & ~3;
}
