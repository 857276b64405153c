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
import { type Declaration, DeclaredContainers } from './declared-containers.ts';
import { type DeclaredStack, Derivation } from './derive.ts';
import { placeHint } from './derive-membership.ts';
import { Ledger } from './ledger.ts';
import type { RecordChange, RememberedRecord } from './store/store.ts';

/** The source without whose full set nothing may be deleted on the snapshot's word. */
export const decisiveSource = 'network-manager';
export const defaultMaxRecords = 131_072;
/** Records taken in one turn: 3 to 5 ms of work among 100,000. */
const sliceRecords = 150;
/** The same at the start, when nobody is served yet and turns cost more than they spare. */
const recallSliceRecords = 10_000;

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
}

/** What a source said and the snapshot does not hold yet, in the order in which it came. */
interface Said {
  readonly source: string;
  readonly put: readonly SourceRecord[];
  readonly drop: readonly Key[];
  /** All that the source says: what it said before and is not among these goes. */
  readonly keep?: ReadonlyMap<Key, SourceRecord>;
  readonly kept: boolean;
  /** Filled with records for which there is no room; shared by the pieces of one set. */
  readonly overflow: Key[];
  readonly done?: (taken: Taken) => void;
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

  /** What the store remembers, until the sources speak for themselves. Resolves when it is in the snapshot. */
  async recall(remembered: readonly RememberedRecord[]): Promise<void> {
    const bySource = Map.groupBy(remembered, ({ source }) => source);
    for (const [source, all] of bySource)
      this.#queue(
        source,
        all.map(({ record }) => record),
        { kept: true },
      );
    await this.settled();
  }

  /** Records that wait to be taken in; a source that makes them grow should pause. */
  get backlog(): number {
    return this.#backlog;
  }

  /** What a source said of an object, for comparison while its full set arrives. */
  said(source: string, key: Key): SourceRecord | undefined {
    return this.#ledger.of(source, key);
  }

  /** A source's full set. Resolves when the snapshot holds it. */
  replace(source: string, records: ReadonlyMap<Key, SourceRecord>): Promise<Taken> {
    return new Promise((done) => this.#queue(source, [...records.values()], { keep: records, done }));
  }

  /** A source's change. Resolves when the snapshot holds it. */
  change(source: string, put: readonly SourceRecord[], drop: readonly Key[]): Promise<Taken> {
    return new Promise((done) => this.#queue(source, put, { drop, done }));
  }

  /** Resolves when all that was said so far is in the snapshot. */
  async settled(): Promise<void> {
    await this.change(decisiveSource, [], []);
  }

  /** In pieces that fit into a turn; the last one carries what concerns the whole. */
  #queue(source: string, put: readonly SourceRecord[], last: Partial<Said>): void {
    const common = { source, kept: last.kept ?? false, overflow: [] };
    const slice = common.kept ? recallSliceRecords : sliceRecords;
    const inOrder = put.length > slice ? byPlace(put) : put;
    let at = 0;
    for (; at + slice < put.length; at += slice) {
      this.#inbox.push({ ...common, put: inOrder.slice(at, at + slice), drop: [] });
    }
    this.#inbox.push({ drop: [], ...last, ...common, put: inOrder.slice(at) });
    this.#backlog += put.length;
    this.#schedule();
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
    const taken: Said[] = [];
    const keys = new Set<Key>();
    for (let records = 0, at = 0; at < this.#inbox.length && (at === 0 || records < sliceRecords); at += 1) {
      const said = this.#inbox[at]!;
      taken.push(said);
      records += said.put.length + said.drop.length + (said.keep ? sliceRecords : 0);
    }
    this.#inbox = taken.length === this.#inbox.length ? [] : this.#inbox.slice(taken.length);
    for (const said of taken) for (const key of this.#take(said)) keys.add(key);
    this.#publishDeclared();
    const change = merge(this.#changeOfOwn(), this.#changeOf(keys));
    // Complete only with the end of the full set: half of it would look like deletions.
    const complete = this.#snapshot.complete || this.#synced;
    if (!isEmptyChange(change) || complete !== this.#snapshot.complete) this.#publish(change, complete);
    for (const { done, overflow } of taken) done?.({ revision: this.#snapshot.revision, overflow });
  }

  /** Enters what was said into the ledger; returns the keys that it changes. */
  #take({ source, put, drop, keep, kept, overflow }: Said): Key[] {
    this.#backlog -= put.length;
    const gone = keep ? this.#ledger.missing(source, keep) : [];
    const max = this.#options.maxRecords ?? defaultMaxRecords;
    const { changed, refused } = this.#ledger.change(source, put, [...drop, ...gone], max);
    overflow.push(...refused);
    if (!kept && changed.length > 0) {
      this.#options.remember(changed.map((key) => ({ source, key, record: this.#ledger.of(source, key) })));
    }
    if (keep && source === decisiveSource) this.#synced = true;
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
      () => this.derivation.apply(this.#declared.declare(containers, this.#ledger.containers())),
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
    // A host that is declared no more is what its source says of it.
    const reported = drop.flatMap((key) => this.#ledger.get(key) ?? []);
    const kept = new Set(reported.map(keyOf));
    return {
      put: [...put, ...reported.filter((record) => record.kind === 'host')],
      drop: drop.filter((key) => !kept.has(key)),
    };
  }

  #changeOf(keys: Iterable<Key>): Change {
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
    return merge({ put, drop }, this.derivation.apply(this.#declared.apply(containers)));
  }
}

/** Containers of one service together, so that slices do not derive the same service again and again. */
function byPlace(records: readonly SourceRecord[]): SourceRecord[] {
  return [
    ...Map.groupBy(records, (record) => (record.kind === 'container' ? placeHint(record.labels) : '')).values(),
  ].flat();
}

function merge(a: Change, b: Change): Change {
  return { put: [...a.put, ...b.put], drop: [...a.drop, ...b.drop] };
}
