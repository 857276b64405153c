// Pure: the bytes of VICI, by which strongSwan's charon is configured (strongSwan's documentation, "The Versatile IKE Control
// Interface"): packets behind a length of four bytes, and messages of sections, lists and values.
import { SuiteError } from '../../shared/model/errors.ts';

/** charon's own limit for one packet. */
export const mostPacketBytes = 512 * 1024;
/** Deeper than anything that charon sends; a message of section starts alone must not fill the stack. */
const mostDepth = 16;
const mostName = 0xff;
const mostValue = 0xffff;

export const packetTypes = {
  request: 0,
  response: 1,
  unknownCommand: 2,
  register: 3,
  unregister: 4,
  confirm: 5,
  unknownEvent: 6,
  event: 7,
} as const;
export type PacketType = keyof typeof packetTypes;

const named: ReadonlySet<PacketType> = new Set(['request', 'register', 'unregister', 'event']);
const withMessage: ReadonlySet<PacketType> = new Set(['request', 'response', 'event']);
const typeByNumber: ReadonlyMap<number, PacketType> = new Map(
  Object.entries(packetTypes).map(([name, number]) => [number, name as PacketType]),
);

const element = { sectionStart: 1, sectionEnd: 2, keyValue: 3, listStart: 4, listItem: 5, listEnd: 6 } as const;

/** A message as it is read. Its objects have no prototype, since names come from outside. */
export interface ViciSection {
  readonly [name: string]: ViciValue;
}
export type ViciValue = string | readonly string[] | ViciSection;

/** A message as it is written; what is undefined is left out. */
export interface ViciInput {
  readonly [name: string]: ViciInputValue | undefined;
}
type Scalar = string | number | boolean | Uint8Array;
type ViciInputValue = Scalar | readonly Scalar[] | ViciInput;

export interface Packet {
  readonly type: PacketType;
  /** Of a command or an event; '' for packets without one. */
  readonly name: string;
  readonly message: ViciSection;
}

/** The whole packet with its length in front. @throws SuiteError USAGE for what VICI cannot carry */
export function encodePacket(type: PacketType, name: string, message: ViciInput = {}): Buffer {
  const parts: Buffer[] = [Buffer.of(packetTypes[type])];
  if (named.has(type)) parts.push(shortText(name));
  if (withMessage.has(type)) writeSection(parts, message);
  const body = Buffer.concat(parts);
  if (body.length > mostPacketBytes) throw new SuiteError('USAGE', `send ${body.length} bytes to charon: too many`);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

function writeSection(parts: Buffer[], section: ViciInput): void {
  for (const [name, value] of Object.entries(section)) {
    if (value === undefined) continue;
    if (isScalar(value)) {
      parts.push(Buffer.of(element.keyValue), shortText(name), longBytes(value));
    } else if (Array.isArray(value)) {
      parts.push(Buffer.of(element.listStart), shortText(name));
      for (const item of value as readonly Scalar[]) parts.push(Buffer.of(element.listItem), longBytes(item));
      parts.push(Buffer.of(element.listEnd));
    } else {
      parts.push(Buffer.of(element.sectionStart), shortText(name));
      writeSection(parts, value as ViciInput);
      parts.push(Buffer.of(element.sectionEnd));
    }
  }
}

function isScalar(value: ViciInputValue): value is Scalar {
  return typeof value !== 'object' || value instanceof Uint8Array;
}

function shortText(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length === 0 || bytes.length > mostName) throw new SuiteError('USAGE', `name ${text.slice(0, 40)} in VICI`);
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}

function longBytes(value: Scalar): Buffer {
  const bytes = value instanceof Uint8Array ? value : Buffer.from(textOf(value));
  if (bytes.length > mostValue) throw new SuiteError('USAGE', `send a value of ${bytes.length} bytes to charon`);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function textOf(value: string | number | boolean): string {
  return typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value);
}

/** @param body a packet without its length. @throws SuiteError PROTOCOL */
export function decodePacket(body: Buffer): Packet {
  const reader = new Reader(body);
  const type = typeByNumber.get(reader.byte());
  if (type === undefined) throw malformed('a packet of unknown type');
  const name = named.has(type) ? reader.text(reader.byte()) : '';
  const message = withMessage.has(type) ? readSection(reader, 0) : empty();
  if (!reader.atEnd) throw malformed('bytes behind the message');
  return { type, name, message };
}

type Draft = Record<string, ViciValue>;

function empty(): Draft {
  return Object.create(null) as Draft;
}

function readSection(reader: Reader, depth: number): ViciSection {
  if (depth > mostDepth) throw malformed('sections too deep');
  const section = empty();
  const seen = new Map<string, number>();
  while (!reader.atEnd) {
    const kind = reader.byte();
    if (kind === element.sectionEnd && depth > 0) return section;
    const name = freeName(reader.text(reader.byte()), seen);
    if (kind === element.keyValue) section[name] = reader.text(reader.word());
    else if (kind === element.sectionStart) section[name] = readSection(reader, depth + 1);
    else if (kind === element.listStart) section[name] = readList(reader);
    else throw malformed(`element ${kind} where none of its kind may be`);
  }
  if (depth > 0) throw malformed('a section without end');
  return section;
}

/** Old versions of charon give several children of one name: the second is `name#2`, and none is lost. */
function freeName(name: string, seen: Map<string, number>): string {
  const count = (seen.get(name) ?? 0) + 1;
  seen.set(name, count);
  return count === 1 ? name : freeName(`${name}#${count}`, seen);
}

function readList(reader: Reader): string[] {
  const items: string[] = [];
  for (;;) {
    const kind = reader.byte();
    if (kind === element.listEnd) return items;
    if (kind !== element.listItem) throw malformed('something else than an item in a list');
    items.push(reader.text(reader.word()));
  }
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  byte(): number {
    return this.#take(1).readUInt8();
  }

  word(): number {
    return this.#take(2).readUInt16BE();
  }

  text(length: number): string {
    return this.#take(length).toString('utf8');
  }

  #take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw malformed('a message that is cut short');
    const part = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return part;
  }
}

/** Cuts a stream into packets; chunks may end anywhere. */
export class PacketReader {
  #rest: Buffer[] = [];
  #length = 0;

  /** The bodies that are whole now. @throws SuiteError PROTOCOL for a length beyond charon's limit; the stream is lost then */
  push(chunk: Buffer): Buffer[] {
    this.#rest.push(chunk);
    this.#length += chunk.length;
    const bodies: Buffer[] = [];
    while (this.#length >= 4) {
      const bytes = this.#rest.length === 1 ? this.#rest[0]! : Buffer.concat(this.#rest);
      this.#rest = [bytes];
      const size = bytes.readUInt32BE();
      if (size === 0 || size > mostPacketBytes) throw malformed(`a packet of ${size} bytes`);
      if (bytes.length < 4 + size) break;
      bodies.push(bytes.subarray(4, 4 + size));
      this.#rest = [bytes.subarray(4 + size)];
      this.#length = bytes.length - 4 - size;
    }
    return bodies;
  }
}

function malformed(what: string): SuiteError {
  return new SuiteError('PROTOCOL', `read from charon: ${what}`);
}
