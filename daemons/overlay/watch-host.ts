// Tells the keepers what changed on the host. A watch that fails is opened anew; until then the keepers' own regular look
// finds what is missed.
import type { DaemonContext } from '../shared/daemon/life.ts';
import { type Change, type Watch, watchNetlink } from '../shared/effects/netlink-watch.ts';

const reopenMs = 1_000;

export interface HostEvents {
  onChanges(changes: readonly Change[]): void;
  /** Notices were lost: everything may differ. */
  onResync(): void;
}

export function watchHost(context: Pick<DaemonContext, 'log'>, events: HostEvents): Watch {
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let watch: Watch | undefined;
  const open = (): void => {
    if (closed) return;
    try {
      watch = watchNetlink({
        groups: ['link', 'address', 'route', 'neighbour'],
        keepAlive: false,
        onChanges: events.onChanges,
        onResync: events.onResync,
        onEnd: again,
      });
    } catch (error) {
      again(error);
    }
  };
  const again = (error: unknown): void => {
    context.log.warn({ event: 'host-watch.ended', error }, 'the watch of the kernel ended; opens a new one');
    watch = undefined;
    timer = setTimeout(() => {
      open();
      events.onResync();
    }, reopenMs).unref();
  };
  open();
  return {
    async close() {
      closed = true;
      clearTimeout(timer);
      await watch?.close();
    },
  };
}
