// What metadata knows of the cluster, as the events and the page need it: one watch for both.
import { daemonSocket, type Paths } from '../shared/model/paths.ts';
import type { Change, Snapshot } from '../shared/model/snapshot.ts';
import { watchSnapshot } from '../shared/source/watch.ts';
import { trim } from './trim.ts';

type ChangeListener = (before: Snapshot | undefined, now: Snapshot, change: Change) => void;

export interface World {
  /** The last one that was told; undefined before the first. */
  readonly snapshot: Snapshot | undefined;
  /** False: metadata is away, and the snapshot may be old. */
  readonly isFresh: boolean;
  onChange(listener: ChangeListener): void;
  /** Called when metadata goes or comes back. */
  onFresh(listener: () => void): void;
  close(): void;
}

export function watchWorld(paths: Paths): World {
  let snapshot: Snapshot | undefined;
  let isFresh = false;
  const changes: ChangeListener[] = [];
  const turns: (() => void)[] = [];
  const watch = watchSnapshot({
    socketPath: daemonSocket(paths, 'metadata'),
    kinds: ['host', 'network', 'block', 'container', 'service'],
    trim,
    onSnapshot: (now, change) => {
      const before = snapshot;
      snapshot = now;
      for (const listener of changes) listener(before, now, change);
    },
    onState: (fault) => {
      isFresh = fault === undefined;
      for (const listener of turns) listener();
    },
  });
  return {
    get snapshot() {
      return snapshot;
    },
    get isFresh() {
      return isFresh;
    },
    onChange: (listener) => void changes.push(listener),
    onFresh: (listener) => void turns.push(listener),
    close: () => watch.close(),
  };
}
