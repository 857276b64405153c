// Pure: the import lines of a source file.
import { posix } from 'node:path';

export interface Import {
  /** A path relative to the repository, `node:name`, or the name of a package. */
  readonly from: string;
  /** Erased before the program runs. */
  readonly typeOnly: boolean;
  /** The names between braces, as the other file calls them; empty for every other form. */
  readonly names: readonly string[];
}

const patterns = [
  /^\s*(?<keyword>import|export)\s+(?<type>type\s)?(?<clause>[^'"`;=]*?)from\s*['"](?<from>[^'"]+)['"]/gm,
  /^\s*import\s*['"](?<from>[^'"]+)['"]/gm,
  /\bimport\(\s*['"](?<from>[^'"]+)['"]/g,
  /\brequire\(\s*['"](?<from>[^'"]+)['"]/g,
];

/** Every import, export-from, import() and require() of a file, in no particular order. */
export function parseImports(path: string, text: string): Import[] {
  const found: Import[] = [];
  const code = withoutComments(text);
  for (const pattern of patterns)
    for (const match of code.matchAll(pattern))
      found.push({
        from: resolve(path, match.groups?.from ?? ''),
        typeOnly: match.groups?.type !== undefined,
        names: namesIn(match.groups?.clause ?? ''),
      });
  return found;
}

/** The text with its comments blanked; lines that hold a URL in quotes stay. */
export function withoutComments(text: string): string {
  return text.replace(/^\s*\/\*[\s\S]*?\*\//gm, '').replace(/(^|\s)\/\/ .*$/gm, '$1');
}

function namesIn(clause: string): string[] {
  const list = /^\{([^}]*)\}\s*$/.exec(clause)?.[1] ?? '';
  return list
    .split(',')
    .map((name) => name.trim().split(/\s+as\s+/)[0] ?? '')
    .filter((name) => name !== '');
}

function resolve(path: string, specifier: string): string {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(path), specifier);
  if (specifier.startsWith('node:')) return specifier;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
