// Rewrites a container's resolv.conf and hosts through the paths that the engine reports. In place, since the engine
// bind-mounts the inode into the container; only if something differs.
import { isAbsolute } from 'node:path';
import { readTextIfPresent, writeInPlace } from '../../shared/effects/files.ts';

/** The machine's own, reported by an engine when a container shares them. */
const hostFiles = ['/etc/resolv.conf', '/etc/hosts'];

/** Returns whether it wrote. Absence is no error: an engine may keep no such file. The host's own file is never touched. */
export function rewrite(path: string, render: (have: string) => string): boolean {
  if (!isAbsolute(path) || hostFiles.includes(path)) return false;
  const have = readTextIfPresent(path);
  if (have === undefined) return false;
  const want = render(have);
  if (want === have) return false;
  writeInPlace(path, want);
  return true;
}
