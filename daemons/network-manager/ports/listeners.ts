// Who listens on this host: /proc/net tells, without a process or a right. A published port takes the packets from such a
// listener, which its owner should hear of.
import { readFile } from 'node:fs/promises';
import { type Listener, parseListeners } from './parse-listeners.ts';

const sources = [
  ['tcp', 4, '/proc/net/tcp'],
  ['tcp', 6, '/proc/net/tcp6'],
  ['udp', 4, '/proc/net/udp'],
  ['udp', 6, '/proc/net/udp6'],
] as const;

/** What cannot be read (no IPv6 in the kernel) has no listeners. */
export async function observeListeners(): Promise<Listener[]> {
  const lists = await Promise.all(
    sources.map(async ([protocol, family, path]) => {
      const text = await readFile(path, 'latin1').catch(() => '');
      return parseListeners(text, protocol, family);
    }),
  );
  return lists.flat();
}
