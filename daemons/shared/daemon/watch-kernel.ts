// The kernel's notices of what changed on the host. A watch that fails is opened anew; until then the keepers' own regular look
// finds what is missed.
import { type Change, type Watch, watchNetlink } from '../effects/netlink-watch.ts';
import type { DaemonContext } from './life.ts';

const reopenMs = 1_000;

export interface KernelEvents {
  onChanges(changes: readonly Change[]): void;
  /** Notices were lost: everything may differ. */
  onResync(): void;
}

export interface KernelWatch extends Watch {
  /** False while changes are not told. */
  readonly isOpen: boolean;
}

export function watchKernel(context: Pick<DaemonContext, 'log'>, { onChanges, onResync }: KernelEvents): KernelWatch {
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let watch: Watch | undefined;
  const open = (): void => {
    if (closed) return;
    try {
      watch = watchNetlink({
        groups: ['link', 'address', 'route', 'neighbour'],
        // Polled: a blocking read would hold one of the four threads that files and names need too.
        keepAlive: false,
        onChanges,
        onResync,
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
      onResync();
    }, reopenMs).unref();
  };
  open();
  return {
    get isOpen() {
      return watch !== undefined;
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      await watch?.close();
    },
  };
}
