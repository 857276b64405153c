// What the house tests look at: the files of the repository, without what is ignored or installed.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root: string = join(import.meta.dirname, '..', '..', '..');

const skipped = new Set(['node_modules', '.git', '.runtime', '.tap', 'dist', 'coverage']);

/** Paths of all files below a folder of the repository, relative to the repository, sorted. */
export function listFiles(folder = ''): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (skipped.has(entry.name)) continue;
    if (entry.isDirectory()) found.push(...listFiles(path));
    else if (entry.isFile()) found.push(path);
  }
  return found.sort();
}

export function readSource(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** All TypeScript of the repository: path to text. */
export function readTypeScript(): Map<string, string> {
  const paths = listFiles().filter((path) => path.endsWith('.ts'));
  return new Map(paths.map((path) => [path, readSource(path)]));
}
