// Tells that addresses of the host changed, soon after they did. Only a hint: who needs the addresses looks again now and then
// anyway, so a watch that fails costs seconds.
import type { Logger } from '../shared/daemon/log.ts';
import { watchNetlink } from '../shared/effects/netlink-watch.ts';

export interface AddressWatch {
  close(): Promise<void>;
}

export function watchAddresses(log: Logger, changed: () => void): AddressWatch {
  try {
    return watchNetlink({
      groups: ['address'],
      keepAlive: false,
      onChanges: changed,
      onResync: changed,
      onEnd: (error) => log.warn({ event: 'addresses.unwatched', error }, 'address changes are noticed later now'),
    });
  } catch (error) {
    log.warn({ event: 'addresses.unwatched', error }, 'address changes are noticed later now');
    return { close: async () => undefined };
  }
}
