// Pure: an archive of text files (POSIX ustar).

export interface TarEntry {
  /** Path inside the archive, at most 100 bytes. */
  readonly path: string;
  readonly text: string;
}

const block = 512;

/** @param seconds time of change of every entry, since the epoch */
export function writeTar(entries: readonly TarEntry[], seconds: number): Buffer {
  const parts = entries.flatMap(({ path, text }) => {
    const body = Buffer.from(text);
    return [header(path, body.length, seconds), body, Buffer.alloc(-body.length & (block - 1))];
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * block)]);
}

function header(path: string, size: number, seconds: number): Buffer {
  const bytes = Buffer.alloc(block);
  const octal = (value: number, at: number, digits: number): void => {
    bytes.write(`${value.toString(8).padStart(digits, '0')}\0`, at, 'latin1');
  };
  if (Buffer.byteLength(path) > 100) throw new RangeError(`the path ${path} is too long for an archive`);
  bytes.write(path, 0);
  octal(0o600, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(size, 124, 11);
  octal(seconds, 136, 11);
  bytes.write('        0', 148, 'latin1'); // the sum counts as blanks; then the type: a file
  bytes.write('ustar\x0000root', 257, 'latin1');
  bytes.write('root', 297, 'latin1');
  octal(
    bytes.reduce((sum, one) => sum + one, 0),
    148,
    6,
  );
  return bytes;
}
