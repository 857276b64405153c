// Writes to the cluster's store what this host has to say and the store does not hold: nothing when nothing differs. What waits
// is no queue but the difference, so it is bounded by what there is, and an hour without the store costs one pass.
import type { KeyValue } from '../../shared/effects/etcd.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import type { ContainerRecord, Key, TunnelObject } from '../../shared/model/objects.ts';
import { splitKey } from '../../shared/model/snapshot.ts';
import { Loop } from '../../shared/reconcile/loop.ts';
import type { RecordChange } from '../store/store.ts';
import { hostPrefix, renderKey } from './keys.ts';
import type { ClusterLink } from './link.ts';
import type { Mirror } from './mirror.ts';
import { planPublish } from './plan-publish.ts';

export interface PublisherOptions {
  readonly hostId: string;
  readonly link: ClusterLink;
  readonly mirror: Mirror;
  /** Blocks, addresses, networks and declarations to claim, by key. */
  readonly claims: () => ReadonlyMap<string, string>;
  /** Texts for keys that this host claimed before; undefined removes. */
  readonly changes: () => ReadonlyMap<string, string | undefined>;
  /** True once the sources of this host have said all. */
  readonly mayDrop: () => boolean;
  /** These were written, or somebody else turned out to hold a claim of them. */
  readonly onWritten: (keys: readonly string[]) => void;
  readonly onFault: (error: SuiteError | undefined) => void;
}

/** Changes that come now and then are written at once; of a storm of them, ten a second. */
const [restMs, burst] = [100, 3];

export class Publisher {
  readonly #options: PublisherOptions;
  readonly #loop: Loop;
  /** What the sources of this host say of its containers and its tunnels. */
  readonly #said = new Map<string, Map<string, string>>();
  #info: string | undefined;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#loop = new Loop({
      quietMs: 10,
      restMs,
      burst,
      pass: () => this.#pass(),
      failed: (error) => options.onFault(error instanceof SuiteError ? error : undefined),
    });
  }

  /** How many keys the store does not hold yet as they are. */
  get waiting(): number {
    return this.#plan().reduce((sum, { operations }) => sum + operations.length, 0);
  }

  poke(): void {
    if (this.#options.link.state === 'joined') this.#loop.poke();
  }

  async close(): Promise<void> {
    await this.#loop.close();
  }

  /** What this host says of itself. */
  setInfo(text: string): void {
    if (text === this.#info) return;
    this.#info = text;
    this.poke();
  }

  /** What sources of this host said. */
  remember(changes: readonly RecordChange[]): void {
    const { hostId } = this.#options;
    for (const { source, key, record } of changes) {
      const at = placeOf(key, hostId);
      if (at === undefined) continue;
      const bySource = this.#said.get(at) ?? new Map<string, string>();
      if (record && (record as ContainerRecord | TunnelObject).hostId === hostId)
        bySource.set(source, JSON.stringify(record));
      else bySource.delete(source);
      if (bySource.size > 0) this.#said.set(at, bySource);
      else this.#said.delete(at);
    }
    this.poke();
  }

  #plan(): ReturnType<typeof planPublish> {
    const { hostId, mirror, claims, changes, mayDrop } = this.#options;
    const own = new Map<string, string>();
    for (const [key, bySource] of this.#said) own.set(key, bySource.get([...bySource.keys()].sort()[0]!)!);
    const info = renderKey({ at: 'info', host: hostId });
    if (this.#info !== undefined) own.set(info, this.#info);
    const isHeld = (key: string): boolean => {
      for (const table of [mirror.blocks, mirror.addresses, mirror.networks, mirror.declared]) {
        const entry = table.get(key);
        if (entry) return !entry.old;
      }
      return false;
    };
    return planPublish(
      { own, last: info, claims: claims(), changes: changes() },
      {
        own: (key) => {
          const entry = mirror.own.get(key);
          return entry?.old ? undefined : entry?.value;
        },
        ownKeys: [...mirror.own.entries()].flatMap(([key, { old }]) => (old || key === info ? [] : [key])),
        isClaimed: isHeld,
        mayDrop: mayDrop(),
      },
    );
  }

  async #pass(): Promise<void> {
    const { link, mirror, hostId, onWritten, onFault } = this.#options;
    const batches = this.#plan();
    for (const { absent, operations } of batches) {
      if (link.state !== 'joined') return; // what is left is planned again when it is back
      const when = absent.map((key) => ({ key, created: 0 }));
      const { done, revision, found } = await link.transact(when, operations, absent);
      if (done) {
        mirror.apply(operations.map((one) => eventOf(one, revision)));
        continue;
      }
      mirror.apply(found.map((put: KeyValue) => ({ put })));
      if (absent.length === 0) throw link.unavailable(`publish ${hostPrefix(hostId)}`);
    }
    onFault(undefined);
    if (batches.length > 0) onWritten(batches.flatMap(({ operations }) => operations.map(keyOfOperation)));
  }
}

/** Where a record of this host is published; undefined for what is not, such as another host's. */
function placeOf(key: Key, host: string): string | undefined {
  const { kind, id } = splitKey(key);
  if (kind === 'container') return renderKey({ at: 'container', host, id });
  return kind === 'tunnel' && id === host ? renderKey({ at: 'tunnel', host }) : undefined;
}

function keyOfOperation(one: Written): string {
  if ('put' in one) return one.put;
  return 'drop' in one ? one.drop : one.dropBelow;
}

type Written = ReturnType<typeof planPublish>[number]['operations'][number];

/** What the watch will tell, known a moment earlier. */
function eventOf(one: Written, revision: number): { put: KeyValue } | { drop: string; modified: number } {
  if ('put' in one) return { put: { key: one.put, value: one.value, created: revision, modified: revision } };
  return { drop: keyOfOperation(one), modified: revision };
}
