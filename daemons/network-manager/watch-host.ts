// Tells the keepers that something on the host changed. A watch that fails is opened anew; until then the keepers' own
// regular look finds what is missed.
import type { DaemonContext } from '../shared/daemon/life.ts';
import { type Change, type RouteNotice, type Watch, watchNetlink } from '../shared/effects/netlink-watch.ts';

const reopenMs = 1_000;

export interface HostEvents {
  /** By the device's index. */
  onLink?(index: number): void;
  /** A neighbour entry of the device, or a forwarding entry at it. */
  onNeighbour?(index: number): void;
  onAddress?(): void;
  onRoutes?(routes: readonly (RouteNotice | undefined)[]): void;
  /** Events were lost. */
  onResync?(): void;
}

export interface HostWatch extends Watch {
  /** False while changes are not told. */
  readonly isOpen: boolean;
  /** From now on; in the order in which the listeners came. */
  listen(events: HostEvents): void;
}

export function watchHost(context: Pick<DaemonContext, 'log'>): HostWatch {
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let watch: Watch | undefined;
  const listeners: HostEvents[] = [];
  const resync = (): void => {
    for (const { onResync } of listeners) onResync?.();
  };
  const open = (): void => {
    if (closed) return;
    try {
      watch = watchNetlink({
        groups: ['link', 'neighbour', 'address', 'route'],
        // Polled: a blocking read would hold one of the four threads that files and names need too.
        keepAlive: false,
        onChanges: (changes) => {
          for (const events of listeners) tell(changes, events);
        },
        onResync: resync,
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
      resync();
    }, reopenMs).unref();
  };
  open();
  return {
    get isOpen() {
      return watch !== undefined;
    },
    listen: (events) => void listeners.push(events),
    async close() {
      closed = true;
      clearTimeout(timer);
      await watch?.close();
    },
  };
}

function tell(changes: readonly Change[], events: HostEvents): void {
  for (const { kind, index } of changes) {
    if (kind === 'link') events.onLink?.(index);
    else if (kind === 'neighbour' || kind === 'fdb') events.onNeighbour?.(index);
  }
  if (changes.some(({ kind }) => kind === 'address')) events.onAddress?.();
  const routes = changes.flatMap(({ kind, route }) => (kind === 'route' ? [route] : []));
  if (routes.length > 0) events.onRoutes?.(routes);
}
