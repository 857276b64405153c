// Files of Corral's that hold keys, passwords or tokens: those that the configuration names, and what is named like one below the
// state and run directories, so that a driver that keeps keys need not be asked.
import { readdirSync } from 'node:fs';
import type { Paths } from '../shared/model/paths.ts';

const isSecret = (name: string): boolean => /key|secret|psk|password|token|\.pem$|\.p12$/i.test(name);
const mostFiles = 1_000;
const deepest = 3;

/** @param config the configuration as it was written, of whatever shape */
export function secretFiles({ state, run }: Pick<Paths, 'state' | 'run'>, config: unknown): string[] {
  const below = [state, run].flatMap((folder) => {
    return filesBelow(folder, deepest).filter((path) => isSecret(path.slice(folder.length)));
  });
  return [...new Set([...namedFiles(config, false), ...below])].slice(0, mostFiles);
}

/** Absolute paths under names such as `passwordFile` and `tls.key`. */
function namedFiles(value: unknown, isNamed: boolean): string[] {
  if (typeof value === 'string') return isNamed && value.startsWith('/') ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => namedFiles(inner, isSecret(name)));
}

function filesBelow(folder: string, depth: number): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return depth > 0 ? filesBelow(path, depth - 1) : [];
      return entry.isFile() ? [path] : [];
    });
  } catch {
    return []; // not there yet
  }
}
