// Pure: the tag of an answer's content, by which a client that has it already need not be sent it again (RFC 9110, sections 8.8.3
// and 13.1.2).
import { createHash } from 'node:crypto';

/** About 5 ms of work; longer answers go without a tag. */
const maxLength = 4 * 1024 * 1024;

/** Quoted, strong: equal tags mean equal bytes. Undefined for what is too long. */
export function entityTag(parts: readonly Buffer[], length: number): string | undefined {
  if (length > maxLength) return undefined;
  const hash = createHash('sha1');
  for (const part of parts) hash.update(part);
  return `"${hash.digest('base64url')}"`;
}

/** True if the client's If-None-Match names the tag, in whatever strength, or any tag. */
export function hasTag(ifNoneMatch: string, tag: string): boolean {
  return ifNoneMatch.split(',', 64).some((one) => {
    const text = one.trim();
    return text === '*' || text === tag || text === `W/${tag}`;
  });
}
