// Tells the keepers that something on the host changed. A watch that fails is opened anew; until then the keepers' own
// regular look finds what is missed.
import type { DaemonContext } from '../shared/daemon/life.ts';
import { type Change, type Watch, watchNetlink } from '../shared/effects/netlink-watch.ts';

const reopenMs = 1_000;

export interface HostEvents {
  onLink(index: number): void;
  onAddress(): void;
  onRoute(): void;
  /** Events were lost. */
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
        groups: ['link', 'address', 'route'],
        // Polled: a blocking read would hold one of the four threads that files and names need too.
        keepAlive: false,
        onChanges: (changes) => tell(changes, events),
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

function tell(changes: readonly Change[], events: HostEvents): void {
  for (const { kind, index } of changes) if (kind === 'link') events.onLink(index);
  if (changes.some(({ kind }) => kind === 'address')) events.onAddress();
  if (changes.some(({ kind }) => kind === 'route')) events.onRoute();
}
