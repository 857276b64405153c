// Pure: the probe's message. An answer is the question with another kind, as long as the question was, so that nobody is sent
// more than he sent himself.

export interface ProbeMessage {
  readonly kind: 'ask' | 'answer';
  readonly vni: number;
  /** 16 hexadecimal digits; only who got the question can know it. */
  readonly nonce: string;
}

/** Magic, version, kind, two bytes of zero, VNI, nonce. */
export const shortestProbe = 20;
const longestProbe = 65_507;
const magic = Buffer.from('CRPB');
const version = 1;
const kindNumbers = { ask: 1, answer: 2 } as const;

/** @param length of the message, filled up with zeros */
export function renderProbe({ kind, vni, nonce }: ProbeMessage, length: number = shortestProbe): Buffer {
  const bytes = Buffer.alloc(Math.max(shortestProbe, Math.min(length, longestProbe)));
  magic.copy(bytes);
  bytes.writeUInt8(version, 4);
  bytes.writeUInt8(kindNumbers[kind], 5);
  bytes.writeUInt32BE(vni, 8);
  bytes.write(nonce, 12, 8, 'hex');
  return bytes;
}

/** undefined for anything that is no probe of this version. */
export function parseProbe(bytes: Buffer): ProbeMessage | undefined {
  if (bytes.length < shortestProbe || bytes.length > longestProbe) return undefined;
  if (bytes.compare(magic, 0, 4, 0, 4) !== 0 || bytes.readUInt8(4) !== version) return undefined;
  const number = bytes.readUInt8(5);
  const kind = number === kindNumbers.ask ? 'ask' : number === kindNumbers.answer ? 'answer' : undefined;
  return kind && { kind, vni: bytes.readUInt32BE(8), nonce: bytes.toString('hex', 12, 20) };
}
