// Pure: domain names on the wire and as text. Text is lower case without the final dot, '' for the root; a dot or a
// backslash inside a label is escaped by a backslash, so that two names are equal exactly when their texts are.
//
// dns2 joins labels by dots without escaping: the one label `a.b` and the two labels `a`, `b` become the same text, and a
// hostile question could be echoed as another one.

const maxNameBytes = 255;
const maxJumps = 64;
const pointerBits = 0xc0;

/** A name that was read, and where the message goes on behind it. */
export interface NameAt {
  readonly name: string;
  readonly next: number;
}

/**
 * Reads the name at an offset. Pointers must lead backwards, so every walk ends; `allowPointers` is false for a question,
 * which has nothing behind it to point to. Undefined for anything that RFC 1035 forbids.
 */
export function readName(message: Uint8Array, offset: number, allowPointers = true): NameAt | undefined {
  let length = 0;
  let at = offset;
  let next = -1;
  let bytes = 1;
  let barrier = offset;
  for (let jumps = 0; jumps <= maxJumps; ) {
    const label = message[at];
    if (label === undefined) return undefined;
    if (label === 0) return { name: textBuffer.toString('latin1', 0, length), next: next < 0 ? at + 1 : next };
    if ((label & pointerBits) === pointerBits) {
      const low = message[at + 1];
      if (!allowPointers || low === undefined) return undefined;
      const target = ((label & 0x3f) << 8) | low;
      if (target >= barrier || target < 12) return undefined;
      if (next < 0) next = at + 2;
      barrier = target;
      at = target;
      jumps += 1;
      continue;
    }
    bytes += label + 1;
    if ((label & pointerBits) !== 0 || bytes > maxNameBytes || at + 1 + label > message.length) return undefined;
    if (length > 0) textBuffer[length++] = dot;
    length = writeLabel(message, at + 1, label, length);
    at += 1 + label;
  }
  return undefined;
}

const dot = 0x2e;
const slash = 0x5c;
/** A name is put together here before it becomes a text at one go; each byte may need an escape. */
const textBuffer = Buffer.alloc(maxNameBytes * 2);

/** Writes the label in lower case and returns where it ends. */
function writeLabel(message: Uint8Array, start: number, length: number, to: number): number {
  let end = to;
  for (let at = start; at < start + length; at += 1) {
    const byte = message[at]!;
    if (byte === dot || byte === slash) textBuffer[end++] = slash;
    textBuffer[end++] = byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte;
  }
  return end;
}

/** The labels of a name's text, escapes resolved. */
export function labelsOf(name: string): string[] {
  if (name === '') return [];
  if (!name.includes('\\')) return name.split('.');
  const labels = [''];
  for (let at = 0; at < name.length; at += 1) {
    const letter = name[at]!;
    if (letter === '.') labels.push('');
    else labels[labels.length - 1] += letter === '\\' ? (name[++at] ?? '') : letter;
  }
  return labels;
}

/** A name as it travels, uncompressed; undefined if a label or the whole is too long or a character is no byte. */
export function nameBytes(name: string): Uint8Array | undefined {
  const bytes: number[] = [];
  for (const label of labelsOf(name)) {
    if (label.length === 0 || label.length > 63) return undefined;
    bytes.push(label.length);
    for (let at = 0; at < label.length; at += 1) {
      if (label.charCodeAt(at) > 255) return undefined;
      bytes.push(label.charCodeAt(at));
    }
  }
  bytes.push(0);
  return bytes.length <= maxNameBytes ? Uint8Array.from(bytes) : undefined;
}

/** What nearly all names look like; they need no closer look. */
const plainName = /^(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/;

/** A name typed by a person (final dot, upper case) as text of the form above; undefined if it cannot be a name. */
export function parseName(typed: string): string | undefined {
  const name = typed.toLowerCase().replace(/(?<!\\)\.$/, '');
  return plainName.test(name) || nameBytes(name) ? name : undefined;
}

/** The text of the name one label up; undefined for the root. */
export function parentOf(name: string): string | undefined {
  if (name === '') return undefined;
  for (let at = 0; at < name.length; at += 1) {
    if (name[at] === '\\') at += 1;
    else if (name[at] === '.') return name.slice(at + 1);
  }
  return '';
}

/** True if `name` is `zone` or below it. */
export function isInside(name: string, zone: string): boolean {
  if (zone === '' || name === zone) return true;
  if (!name.endsWith(`.${zone}`)) return false;
  // The dot must separate labels: `a\.zone` is one label that only looks like a child.
  let slashes = 0;
  for (let at = name.length - zone.length - 2; at >= 0 && name[at] === '\\'; at -= 1) slashes += 1;
  return slashes % 2 === 0;
}
