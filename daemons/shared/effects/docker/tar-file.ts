// Pure: the one file in an archive as an engine gives it (POSIX ustar, with pax and GNU headers passed over).

const block = 512;
/** Headers that only say more about the entry behind them: pax (x, g), GNU's long names (L, K). */
const passedOver = new Set(['x', 'g', 'L', 'K']);

/** The content of the first entry if that is a file; undefined for a folder, a link, or what is no archive. */
export function fileInTar(bytes: Buffer): Buffer | undefined {
  for (let at = 0; at + block <= bytes.length; ) {
    const header = bytes.subarray(at, at + block);
    const size = Number.parseInt(header.toString('latin1', 124, 135).trim(), 8);
    if (!Number.isSafeInteger(size) || size < 0 || !hasGoodSum(header)) return undefined;
    const type = String.fromCharCode(header[156] || 0x30);
    const from = at + block;
    if (!passedOver.has(type))
      return type === '0' && from + size <= bytes.length ? bytes.subarray(from, from + size) : undefined;
    at = from + Math.ceil(size / block) * block;
  }
  return undefined;
}

/** The sum of the header's bytes, its own field counted as blanks. */
function hasGoodSum(header: Buffer): boolean {
  const told = Number.parseInt(header.toString('latin1', 148, 156).replace(/[\0 ].*$/s, ''), 8);
  let sum = 0;
  for (let at = 0; at < block; at += 1) sum += at >= 148 && at < 156 ? 0x20 : (header[at] ?? 0);
  return told === sum;
}
