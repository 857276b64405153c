// Pure: DNS messages in a byte stream, each behind two bytes of length (RFC 1035 section 4.2.2), however the stream is cut.

/** Feed it chunks; it returns the whole messages that they complete. Holds at most one message and a chunk. */
export class FrameCutter {
  #rest: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): Buffer[] {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const messages: Buffer[] = [];
    while (bytes.length >= 2 && bytes.length >= 2 + bytes.readUInt16BE(0)) {
      const end = 2 + bytes.readUInt16BE(0);
      messages.push(bytes.subarray(2, end));
      bytes = bytes.subarray(end);
    }
    // Copied, so that a large chunk is not kept alive by a few bytes at its end.
    this.#rest = Buffer.from(bytes);
    return messages;
  }

  /** True in the middle of a message. */
  get open(): boolean {
    return this.#rest.length > 0;
  }
}

export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(2 + message.length);
  framed.writeUInt16BE(message.length, 0);
  framed.set(message, 2);
  return framed;
}
