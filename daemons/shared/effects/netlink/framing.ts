// Pure: netlink messages in bytes (struct nlmsghdr: length, type, flags, sequence, port; then the payload).

export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly seq: number;
  readonly data: Buffer;
}

const HEADER = 16;

/** A message to the kernel, padded to four bytes so that messages can be put one behind the other. */
export function frame(type: number, flags: number, seq: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe((HEADER + payload.length + 3) & ~3);
  bytes.fill(0, 12, HEADER).fill(0, HEADER + payload.length);
  bytes.writeUInt32LE(HEADER + payload.length, 0);
  bytes.writeUInt16LE(type, 4);
  bytes.writeUInt16LE(flags, 6);
  bytes.writeUInt32LE(seq, 8);
  bytes.set(payload, HEADER);
  return bytes;
}

/** The messages of one datagram; what is cut short or impossible ends the reading. */
export function readMessages(bytes: Buffer): Message[] {
  const messages: Message[] = [];
  for (let at = 0; at + HEADER <= bytes.length; ) {
    const length = bytes.readUInt32LE(at);
    if (length < HEADER || at + length > bytes.length) break;
    messages.push({
      type: bytes.readUInt16LE(at + 4),
      flags: bytes.readUInt16LE(at + 6),
      seq: bytes.readUInt32LE(at + 8),
      data: bytes.subarray(at + HEADER, at + length),
    });
    at += (length + 3) & ~3;
  }
  return messages;
}

/** The errno (negative) of an acknowledgement, or of the end of a dump; 0 is success. */
export function errnoIn(message: Message): number {
  return message.data.length >= 4 ? message.data.readInt32LE(0) : 0;
}
