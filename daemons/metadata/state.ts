// The one snapshot of this process. Sources change the ledger at any time; once a turn of the loop, what changed is derived
// into the next revision and published. Large changes take several turns, so that the loop never stalls.
import { randomUUID } from 'node:crypto';
import {
  type ContainerRecord,
  type HostObject,
  type Key,
  keyOf,
  type SnapshotObject,
  type SourceRecord,
  type TunnelObject,
} from '../shared/model/objects.ts';
import { type Change, changeBetween, isEmptyChange, noChange, Snapshot } from '../shared/model/snapshot.ts';
import { type Declaration, DeclaredContainers, type Records } from './declared-containers.ts';
import { type DeclaredStack, Derivation } from './derive.ts';
import { Ledger } from './ledger.ts';
import { type Ref, refOf } from './record-table.ts';
import { type Slice, sliceRecords, slicesOf, slicesOfSet, type WholeSet } from './said.ts';
import type { RecordChange, RememberedRecord } from './store/store.ts';

/** The source without whose full set nothing may be deleted on the snapshot's word. */
export const decisiveSource = 'network-manager';
export const defaultMaxRecords = 131_072;
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
  /** Records of one source; default: room for 1,000 hosts of 100 containers, and some. */
  readonly maxRecords?: number;
  /** False while something else than the decisive source is still awaited before anything may be deleted. */
  readonly mayComplete?: () => boolean;
}

/** What a source said and the snapshot does not hold yet, in the order in which it came. */
interface Said {
  readonly source: string;
  /** The slice that is taken next. */
  next: Slice;
  readonly rest: Iterator<Slice>;
  readonly isFullSet: boolean;
  /** The store has it already. */
  readonly isKept: boolean;
  /** Filled with records for which there is no room. */
  readonly overflow: Key[];
  readonly done: (taken: Taken) => void;
}

/** What became of what a source said. */
export interface Taken {
  /** The revision that holds it. */
  readonly revision: number;
  /** Left out, since the source has as many records as one may have. */
  readonly overflow: readonly Key[];
}

/** What the configuration declares, as far as it is merged with what sources say. */
export interface DeclaredParts {
  readonly containers: readonly Declaration[];
  readonly stacks: readonly DeclaredStack[];
}

export class State {
  readonly epoch = randomUUID();
  readonly derivation: Derivation;
  readonly #options: StateOptions;
  readonly #ledger = new Ledger();
  readonly #readers = new Set<(revision: Revision) => void>();
  #fixed: ReadonlyMap<Key, SnapshotObject> = new Map();
  #nextFixed: ReadonlyMap<Key, SnapshotObject> | undefined;
  readonly #declared = new DeclaredContainers();
  #nextDeclared: DeclaredParts | undefined;
  #snapshot: Snapshot;
  #synced = false;
  #inbox: Said[] = [];
  #backlog = 0;
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

  /** What is declared. Replaces what was. */
  declare(parts: DeclaredParts): void {
    this.#nextDeclared = parts;
    this.#schedule();
  }

  /**
   * What the store remembers, until the sources speak for themselves. Resolves when it is in the snapshot. Taken in one go:
   * nobody is served yet, and slices cost more than they spare.
   */
  async recall(remembered: readonly RememberedRecord[]): Promise<void> {
    const bySource = Map.groupBy(remembered, ({ source }) => source);
    const all = [...bySource].map(([source, records]) => {
      const put = records.map(({ record }) => record);
      return this.#queue(source, put.length, [{ put, drop: [] }], { isKept: true });
    });
    await Promise.all(all);
  }

  /** Records that wait to be taken in; a source that makes them grow should pause. */
  get backlog(): number {
    return this.#backlog;
  }

  /** What a source said of an object, for comparison while its full set arrives. */
  said(source: string, ref: Ref): SourceRecord | undefined {
    return this.#ledger.of(source, ref);
  }

  /** A source's full set, which is not changed any more. Resolves when the snapshot holds it. */
  replace(source: string, set: WholeSet): Promise<Taken> {
    return this.#queue(source, set.size, slicesOfSet(set, this.#ledger.all(source)), { isFullSet: true });
  }

  /** A source's change. Resolves when the snapshot holds it. */
  change(source: string, put: readonly SourceRecord[], drop: readonly Key[]): Promise<Taken> {
    return this.#queue(source, put.length, slicesOf(put, drop));
  }

  /** Resolves when all that was said so far is in the snapshot. */
  async settled(): Promise<void> {
    await this.change(decisiveSource, [], []);
  }

  #queue(
    source: string,
    count: number,
    slices: Iterable<Slice>,
    how: { isFullSet?: boolean; isKept?: boolean } = {},
  ): Promise<Taken> {
    const rest = slices[Symbol.iterator]();
    const next: Slice = rest.next().value;
    this.#backlog += count;
    this.#schedule();
    return new Promise((done) => {
      this.#inbox.push({ source, next, rest, isFullSet: false, isKept: false, ...how, overflow: [], done });
    });
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#step();
      if (this.#inbox.length > 0) this.#schedule();
    });
  }

  #step(): void {
    const finished: Said[] = [];
    const containers: Records = new Map();
    const plain = new Map<Key, Ref>();
    for (let records = 0; records < sliceRecords && this.#inbox.length > finished.length; ) {
      const said = this.#inbox[finished.length]!;
      const { put, drop } = said.next;
      // A slice of a full set is as much work as fits, whatever it changes.
      records += said.isFullSet ? sliceRecords : put.length + drop.length;
      for (const ref of this.#take(said)) {
        if (ref.kind === 'container') containers.set(ref.id, this.#ledger.get(ref) as ContainerRecord | undefined);
        else plain.set(keyOf(ref), ref);
      }
      const { value, done } = said.rest.next();
      if (!done) said.next = value;
      else finished.push(said);
    }
    this.#inbox.splice(0, finished.length);
    // Complete only with the end of the full set: half of it would look like deletions.
    if (finished.some(({ isFullSet, source }) => isFullSet && source === decisiveSource)) this.#synced = true;
    this.#publishDeclared();
    const own = this.#changeOfOwn();
    for (const object of own.put) plain.delete(keyOf(object)); // no object is put twice
    const change = merge(own, merge(this.#changeOf(plain), this.#changeOfContainers(containers)));
    const complete = this.#snapshot.complete || (this.#synced && (this.#options.mayComplete?.() ?? true));
    if (!isEmptyChange(change) || complete !== this.#snapshot.complete) this.#publish(change, complete);
    for (const { done, overflow } of finished) done({ revision: this.#snapshot.revision, overflow });
  }

  /** Enters the next slice of what was said into the ledger; returns what it changes. */
  #take({ source, next, isKept, overflow }: Said): Ref[] {
    this.#backlog -= next.put.length;
    const max = this.#options.maxRecords ?? defaultMaxRecords;
    const { changed, refused } = this.#ledger.change(source, next.put, next.drop, max);
    overflow.push(...refused);
    if (!isKept && changed.length > 0) {
      this.#options.remember(changed.map((ref) => ({ source, key: keyOf(ref), record: this.#ledger.of(source, ref) })));
    }
    return changed;
  }

  #publish(change: Change, complete: boolean): void {
    const before = this.#snapshot;
    this.#snapshot = before.apply(change, { revision: before.revision + 1, complete });
    const revision = { snapshot: this.#snapshot, change, before };
    for (const reader of this.#readers) reader(revision);
  }

  /** In revisions of their own, so that no other change of the turn speaks of the same objects. */
  #publishDeclared(): void {
    if (!this.#nextDeclared) return;
    const { containers, stacks } = this.#nextDeclared;
    this.#nextDeclared = undefined;
    for (const next of [
      () => this.derivation.declare(stacks),
      () => this.derivation.apply(this.#declared.declare(containers, () => this.#ledger.containers())),
    ]) {
      const change = next();
      if (!isEmptyChange(change)) this.#publish(change, this.#snapshot.complete);
    }
  }

  #changeOfOwn(): Change {
    if (!this.#nextFixed) return { put: [], drop: [] };
    const { put, drop } = changeBetween(this.#fixed, this.#nextFixed);
    this.#fixed = this.#nextFixed;
    this.#nextFixed = undefined;
    // A host that is declared no more is what its source says of it; a tunnel likewise.
    const reported = drop.flatMap((key) => {
      const ref = refOf(key);
      return (ref && this.#ledger.get(ref)) ?? [];
    });
    const kept = new Set(reported.map(keyOf));
    return {
      put: [...put, ...reported.filter((record) => record.kind !== 'container')],
      drop: drop.filter((key) => !kept.has(key)),
    };
  }

  #changeOfContainers(reported: Records): Change {
    return reported.size > 0 ? this.derivation.apply(this.#declared.apply(reported)) : noChange;
  }

  /** Of hosts and tunnels, which are shown as they are reported. */
  #changeOf(refs: ReadonlyMap<Key, Ref>): Change {
    const put: SnapshotObject[] = [];
    const drop: Key[] = [];
    for (const [key, ref] of refs) {
      if (this.#fixed.has(key)) continue; // nobody else speaks for the own host
      const record = this.#ledger.get(ref);
      if (record) put.push(record as HostObject | TunnelObject);
      else if (this.#snapshot.get(ref.kind, ref.id)) drop.push(key);
    }
    return { put, drop };
  }
}

function merge(a: Change, b: Change): Change {
  if (isEmptyChange(a)) return b;
  if (isEmptyChange(b)) return a;
  return { put: [...a.put, ...b.put], drop: [...a.drop, ...b.drop] };
}
