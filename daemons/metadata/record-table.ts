// Pure: the records of one source, by kind and id.
import type { ContainerRecord, HostObject, Key, SourceRecord, TunnelObject } from '../shared/model/objects.ts';
import { splitKey } from '../shared/model/snapshot.ts';
import { SpreadMap } from './spread-map.ts';

/** Names a record; a record names itself. */
export type Ref = Pick<SourceRecord, 'kind' | 'id'>;

export class RecordTable {
  readonly container = new SpreadMap<ContainerRecord>();
  readonly host = new SpreadMap<HostObject>();
  readonly tunnel = new SpreadMap<TunnelObject>();

  get size(): number {
    return this.container.size + this.host.size + this.tunnel.size;
  }

  get({ kind, id }: Ref): SourceRecord | undefined {
    return this[kind].get(id);
  }

  set(record: SourceRecord): void {
    if (record.kind === 'container') this.container.set(record.id, record);
    else if (record.kind === 'host') this.host.set(record.id, record);
    else this.tunnel.set(record.id, record);
  }

  delete({ kind, id }: Ref): boolean {
    return this[kind].delete(id);
  }

  *values(): Generator<SourceRecord> {
    yield* this.container.values();
    yield* this.host.values();
    yield* this.tunnel.values();
  }
}

/** Undefined for a key of a kind that no source reports. */
export function refOf(key: Key): Ref | undefined {
  const { kind, id } = splitKey(key);
  return kind === 'container' || kind === 'host' || kind === 'tunnel' ? { kind, id } : undefined;
}
