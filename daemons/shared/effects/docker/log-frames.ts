// Pure: what a container without a terminal wrote, out of the frames in which an engine sends it: a byte that says which output,
// three of zero, four of length, the bytes.

/** Both outputs as one text; a frame that is cut off counts as far as it goes. */
export function textOfFrames(bytes: Buffer): string {
  const parts: Buffer[] = [];
  for (let at = 0; at + 8 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at + 4);
    parts.push(bytes.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return Buffer.concat(parts).toString('utf8');
}
