// The host's resolver configuration, looked at again every two seconds: the file is often a link into another program's
// directory, where no watch on it would see the change.
import { readTextIfPresent } from '../shared/effects/files.ts';
import { parseResolvConf, type Upstream } from './upstreams.ts';

const everyMs = 2_000;

/** Calls `onList` with the first reading and with each that may differ; an unreadable file keeps the last list. */
export function watchResolvConf(
  path: string,
  ownAddress: string,
  onList: (list: Upstream[]) => void,
): { close(): void } {
  let last: string | undefined;
  const look = (): void => {
    let text: string | undefined;
    try {
      text = readTextIfPresent(path) ?? '';
    } catch {
      text = last ?? '';
    }
    if (text === last) return;
    last = text;
    onList(parseResolvConf(text, ownAddress));
  };
  look();
  const timer = setInterval(look, everyMs).unref();
  return { close: () => clearInterval(timer) };
}
