// The `text` block below "## Example" of a README, so that a test can hold it true.
import { readFileSync } from 'node:fs';

/** @param path from the root of the repository */
export function readmeExample(path: string): string {
  const text = readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
  const block = /^## Example\n[\s\S]*?^```text\n([\s\S]*?)^```$/m.exec(text)?.[1];
  if (block === undefined) throw new Error(`${path} has no example`);
  return block;
}
