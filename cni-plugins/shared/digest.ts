// Pure: short digests of names. FNV-1a, not SHA: loading Node's crypto takes 5 ms, a twelfth of a standalone ADD, and
// whose a device is shows its alias, not its name.

/** 16 hex digits that depend on every byte of the text. Not for secrets. */
export function digestOf(text: string): string {
  return fnv1a(text, 0x811c9dc5) + fnv1a(`${text}\n`, 0x9dc5811c);
}

function fnv1a(text: string, seed: number): string {
  let hash = seed;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  // The last bytes have barely reached the high bits: mix once more.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return ((hash ^ (hash >>> 13)) >>> 0).toString(16).padStart(8, '0');
}
