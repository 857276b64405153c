// Pure: which daemons load a file that they share, from the imports in the sources.
import { dirname, join } from 'node:path/posix';

/** `import { x } from './y.ts'`, `export … from`, `import('./y.ts')`; types are gone when it runs. */
const pattern = /\b(?:import|export)\b(?! type\b)[^;'"]*?['"](\.{1,2}\/[^'"]+\.ts)['"]/g;

/** @returns by path: the folders of `daemons/` whose files load it, sorted */
export function findUsers(sources: ReadonlyMap<string, string>): Map<string, readonly string[]> {
  const loads = new Map(
    [...sources].map(([path, text]) => [
      path,
      [...text.matchAll(pattern)].map(([, target = '']) => join(dirname(path), target)),
    ]),
  );
  const users = new Map<string, Set<string>>();
  const visit = (path: string, daemon: string): void => {
    const known = users.get(path) ?? new Set();
    if (known.has(daemon)) return;
    users.set(path, known.add(daemon));
    for (const next of loads.get(path) ?? []) visit(next, daemon);
  };
  for (const path of sources.keys()) {
    const folder = path.split('/')[1] ?? '';
    if (folder !== 'shared') visit(path, folder);
  }
  return new Map([...users].map(([path, daemons]) => [path, [...daemons].sort()]));
}
