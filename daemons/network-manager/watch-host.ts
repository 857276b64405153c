// Tells each keeper of the changes on the host that concern it.
import type { DaemonContext } from '../shared/daemon/life.ts';
import { type KernelWatch, watchKernel } from '../shared/daemon/watch-kernel.ts';
import type { Change, RouteNotice } from '../shared/effects/netlink-watch.ts';

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

export interface HostWatch extends KernelWatch {
  /** From now on; in the order in which the listeners came. */
  listen(events: HostEvents): void;
}

export function watchHost(context: Pick<DaemonContext, 'log'>): HostWatch {
  const listeners: HostEvents[] = [];
  const watch = watchKernel(context, {
    onChanges(changes) {
      for (const events of listeners) tell(changes, events);
    },
    onResync() {
      for (const { onResync } of listeners) onResync?.();
    },
  });
  return {
    get isOpen() {
      return watch.isOpen;
    },
    listen: (events) => void listeners.push(events),
    close: () => watch.close(),
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
