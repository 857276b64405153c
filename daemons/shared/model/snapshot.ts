// Pure: all that is known at one revision, immutable; a change makes a new one that shares the rest.
import { type Key, type Kind, kinds, type ObjectOf, type SnapshotObject } from './objects.ts';
import { SharedMap } from './shared-map.ts';

/** What turns one revision into the next. A key is never both put and dropped, nor put twice. */
export interface Change {
  readonly put: readonly SnapshotObject[];
  readonly drop: readonly Key[];
}

export const noChange: Change = { put: [], drop: [] };

type Tables = { readonly [K in Kind]: SharedMap<ObjectOf<K>> };

export class Snapshot {
  /** Counts up within one epoch of metadata. */
  readonly revision: number;
  /** The host on which this snapshot is used. */
  readonly hostId: string;
  /** False while a source has not reported its full set since metadata's start: then nothing may be deleted on its word. */
  readonly complete: boolean;
  readonly #tables: Tables;

  private constructor(revision: number, hostId: string, complete: boolean, tables: Tables) {
    this.revision = revision;
    this.hostId = hostId;
    this.complete = complete;
    this.#tables = tables;
  }

  static empty(hostId: string): Snapshot {
    const tables = Object.fromEntries(kinds.map((kind) => [kind, new SharedMap<SnapshotObject>()]));
    return new Snapshot(0, hostId, false, tables as unknown as Tables);
  }

  get<K extends Kind>(kind: K, id: string): ObjectOf<K> | undefined {
    return this.table(kind).get(id);
  }

  all<K extends Kind>(kind: K): Iterable<ObjectOf<K>> {
    return this.table(kind).values();
  }

  count(kind: Kind): number {
    return this.#tables[kind].size;
  }

  /** The shared table of a kind: the same object in two snapshots means that nothing of the kind differs. */
  table<K extends Kind>(kind: K): SharedMap<ObjectOf<K>> {
    return this.#tables[kind] as unknown as SharedMap<ObjectOf<K>>;
  }

  apply(change: Change, to: { revision: number; complete: boolean }): Snapshot {
    const gone = new Map<Kind, string[]>();
    const put = new Map<Kind, SnapshotObject[]>();
    for (const key of change.drop) {
      const { kind, id } = splitKey(key);
      note(gone, kind, id);
    }
    for (const object of change.put) note(put, object.kind, object);
    const tables: Record<string, SharedMap<SnapshotObject>> = { ...(this.#tables as object) };
    for (const kind of new Set([...gone.keys(), ...put.keys()])) {
      tables[kind] = tables[kind]!.withValues(gone.get(kind) ?? [], put.get(kind) ?? [], idOf);
    }
    return new Snapshot(to.revision, this.hostId, to.complete, tables as unknown as Tables);
  }
}

const idOf = ({ id }: SnapshotObject): string => id;

function note<T>(lists: Map<Kind, T[]>, kind: Kind, one: T): void {
  const list = lists.get(kind);
  if (list) list.push(one);
  else lists.set(kind, [one]);
}

export function splitKey(key: Key): { kind: Kind; id: string } {
  const slash = key.indexOf('/');
  return { kind: key.slice(0, slash) as Kind, id: key.slice(slash + 1) };
}

/** Every object of the snapshot, kind by kind, for the full set that opens a watch. */
export function* objectsOf(snapshot: Snapshot, wanted: readonly Kind[] = kinds): Generator<SnapshotObject> {
  for (const kind of wanted) yield* snapshot.all(kind);
}

/** What turns the objects `have` into the objects `want`, both by key; equal objects (by text) are left out. */
export function changeBetween(have: ReadonlyMap<Key, SnapshotObject>, want: ReadonlyMap<Key, SnapshotObject>): Change {
  const put: SnapshotObject[] = [];
  const drop: Key[] = [];
  for (const [key, object] of want) {
    const before = have.get(key);
    if (before !== object && (!before || JSON.stringify(before) !== JSON.stringify(object))) put.push(object);
  }
  for (const key of have.keys()) if (!want.has(key)) drop.push(key);
  return { put, drop };
}

export function isEmptyChange(change: Change): boolean {
  return change.put.length === 0 && change.drop.length === 0;
}
