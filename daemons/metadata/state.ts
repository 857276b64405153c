// The one snapshot of this process. Sources change the ledger at any time; once a turn of the loop, what changed is derived
// into the next revision and published. Large changes take several turns, so that the loop never stalls.
import { randomUUID } from 'node:crypto';
import {
  type ContainerRecord,
  type Key,
  keyOf,
  type SnapshotObject,
  type SourceRecord,
} from '../shared/model/objects.ts';
import { type Change, changeBetween, isEmptyChange, Snapshot, splitKey } from '../shared/model/snapshot.ts';
import { Derivation } from './derive.ts';
import { first } from './first.ts';
import { Ledger } from './ledger.ts';
import type { RecordChange, RememberedRecord } from './store/store.ts';

/** The source without whose full set nothing may be deleted on the snapshot's word. */
export const decisiveSource = 'network-manager';
/** Keys derived in one turn: about 5 ms of work. */
const sliceKeys = 500;

/** A revision, as its readers get it. `before` is the snapshot that `change` turned into `snapshot`. */
export interface Revision {
  readonly snapshot: Snapshot;
  readonly change: Change;
  readonly before: Snapshot;
}

export interface StateOptions {
  readonly clusterId: string;
  readonly hostId: string;
  /** What must be kept beyond this life. */
  readonly remember: (changes: readonly RecordChange[]) => void;
}

interface Waiter {
  readonly mark: number;
  readonly done: (revision: number) => void;
}

export class State {
  readonly epoch = randomUUID();
  readonly derivation: Derivation;
  readonly #options: StateOptions;
  readonly #ledger = new Ledger();
  readonly #dirty = new Set<Key>();
  readonly #readers = new Set<(revision: Revision) => void>();
  #fixed: ReadonlyMap<Key, SnapshotObject> = new Map();
  #nextFixed: ReadonlyMap<Key, SnapshotObject> | undefined;
  #snapshot: Snapshot;
  #synced = false;
  #marked = 0;
  #passed = 0;
  #waiters: Waiter[] = [];
  #scheduled = false;

  constructor(options: StateOptions) {
    this.#options = options;
    this.derivation = new Derivation(options.clusterId);
    this.#snapshot = Snapshot.empty(options.hostId);
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  /** Told of each new revision, in order, in the turn in which it is made. */
  onRevision(reader: (revision: Revision) => void): () => void {
    this.#readers.add(reader);
    return () => this.#readers.delete(reader);
  }

  /** What this process itself knows: environment, own host, networks, blocks. Replaces what it knew. */
  setOwn(objects: readonly SnapshotObject[]): void {
    this.#nextFixed = new Map(objects.map((object) => [keyOf(object), object]));
    this.#schedule();
  }

  /** What the store remembers, until the sources speak for themselves. */
  recall(remembered: readonly RememberedRecord[]): void {
    for (const { source, record } of remembered) this.#mark(this.#ledger.change(source, [record], []));
  }

  /** What a source said of an object, for comparison while its full set arrives. */
  said(source: string, key: Key): SourceRecord | undefined {
    return this.#ledger.of(source, key);
  }

  saidCount(source: string): number {
    return this.#ledger.count(source);
  }

  /** A source's full set. Resolves with the revision that holds it. */
  replace(source: string, records: ReadonlyMap<Key, SourceRecord>): Promise<number> {
    if (source === decisiveSource) this.#synced = true;
    return this.change(source, [...records.values()], this.#ledger.missing(source, records));
  }

  /** A source's change. Resolves with the revision that holds it. */
  change(source: string, put: readonly SourceRecord[], drop: readonly Key[]): Promise<number> {
    const changed = this.#ledger.change(source, put, drop);
    this.#mark(changed);
    if (changed.length > 0) {
      this.#options.remember(changed.map((key) => ({ source, key, record: this.#ledger.of(source, key) })));
    }
    this.#schedule();
    return new Promise((done) => this.#waiters.push({ mark: this.#marked, done }));
  }

  /** Resolves when all that is known so far is in the snapshot. */
  async settled(): Promise<void> {
    this.#schedule();
    await new Promise<number>((done) => this.#waiters.push({ mark: this.#marked, done }));
  }

  #mark(keys: readonly Key[]): void {
    for (const key of keys) {
      if (this.#dirty.has(key)) continue;
      this.#dirty.add(key);
      this.#marked += 1;
    }
    if (keys.length > 0) this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#step();
      if (this.#dirty.size > 0) this.#schedule();
    });
  }

  #step(): void {
    const keys = first(this.#dirty, sliceKeys);
    for (const key of keys) this.#dirty.delete(key);
    this.#passed += keys.length;
    const change = merge(this.#changeOfOwn(), this.#changeOf(keys));
    // Complete only with the last slice of the full set: half of it would look like deletions.
    const complete = this.#snapshot.complete || (this.#synced && this.#dirty.size === 0);
    if (!isEmptyChange(change) || complete !== this.#snapshot.complete) this.#publish(change, complete);
    const ready = this.#waiters.filter((waiter) => waiter.mark <= this.#passed);
    this.#waiters = this.#waiters.filter((waiter) => waiter.mark > this.#passed);
    for (const waiter of ready) waiter.done(this.#snapshot.revision);
  }

  #publish(change: Change, complete: boolean): void {
    const before = this.#snapshot;
    this.#snapshot = before.apply(change, { revision: before.revision + 1, complete });
    const revision = { snapshot: this.#snapshot, change, before };
    for (const reader of this.#readers) reader(revision);
  }

  #changeOfOwn(): Change {
    if (!this.#nextFixed) return { put: [], drop: [] };
    const change = changeBetween(this.#fixed, this.#nextFixed);
    this.#fixed = this.#nextFixed;
    this.#nextFixed = undefined;
    return change;
  }

  #changeOf(keys: readonly Key[]): Change {
    const containers = new Map<string, ContainerRecord | undefined>();
    const put: SnapshotObject[] = [];
    const drop: Key[] = [];
    for (const key of keys) {
      const record = this.#ledger.get(key);
      const { kind, id } = splitKey(key);
      if (kind === 'container') containers.set(id, record as ContainerRecord | undefined);
      else if (this.#fixed.has(key))
        continue; // nobody else speaks for the own host
      else if (record?.kind === 'host') put.push(record);
      else if (this.#snapshot.get('host', id)) drop.push(key);
    }
    return merge({ put, drop }, this.derivation.apply(containers));
  }
}

function merge(a: Change, b: Change): Change {
  return { put: [...a.put, ...b.put], drop: [...a.drop, ...b.drop] };
}
