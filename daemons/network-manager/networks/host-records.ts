// What of the host's own settings was otherwise before Corral changed it, in the state folder, for `corral cleanup`. Noted before
// the change: who is killed in between has noted something that holds already.
import { ensureDir, readTextIfPresent, writeAtomic } from '../../shared/effects/files.ts';
import type { Family } from '../../shared/model/ip.ts';
import { acceptRecord, forwardingRecord, type Paths } from '../../shared/model/paths.ts';

export interface HostRecords {
  /** The host did not forward. */
  forwarding(family: Family): void;
  /** The device listened to routers as long as the host did not forward. */
  accept(device: string): void;
}

/** Methods throw SuiteError FILE_*: then nothing is changed. */
export function hostRecords(paths: Pick<Paths, 'state'>): HostRecords {
  const write = (path: string, body: string): void => {
    ensureDir(paths.state, 0o700);
    writeAtomic(path, body);
  };
  return {
    forwarding: (family) => write(forwardingRecord(paths, family), ''),
    accept(device) {
      const path = acceptRecord(paths);
      const have = readTextIfPresent(path) ?? '';
      if (!have.split('\n').includes(device)) write(path, `${have}${device}\n`);
    },
  };
}
