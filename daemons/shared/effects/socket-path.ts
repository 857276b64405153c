// Unix sockets have room for 107 bytes of path (unix(7), sun_path). Below a root of the allowed 80 bytes the longest socket
// name does not fit, so it is reached through its directory's descriptor, whose path under /proc is short.
import { constants, openSync } from 'node:fs';
import { basename, dirname } from 'node:path';

const maxSunPath = 107;
/** One descriptor a directory, kept for the life of the process: all sockets lie in one or two directories. */
const directories = new Map<string, number>();

/** A path that names the same socket and fits; the directory must exist if the path is too long as it is. */
export function fittingSocketPath(path: string): string {
  if (Buffer.byteLength(path) <= maxSunPath) return path;
  const directory = dirname(path);
  let fd = directories.get(directory);
  if (fd === undefined) {
    fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
    directories.set(directory, fd);
  }
  return `/proc/self/fd/${fd}/${basename(path)}`;
}
