// Pure: containers as sources report them in, containers as they count out: a declared container lies over the attached one of
// its name and host (or of its uuid), and stands for itself while there is none.
import type { ContainerRecord } from '../shared/model/objects.ts';

export interface Declaration {
  /** The container as it is while none is attached. */
  readonly record: ContainerRecord;
  /** Fields that win over those of an attached one. */
  readonly named: Partial<ContainerRecord>;
}

export type Records = Map<string, ContainerRecord | undefined>;

export class DeclaredContainers {
  #byName = new Map<string, Declaration>();
  #byId = new Map<string, Declaration>();
  /** The attached containers that each declaration lies over. */
  readonly #over = new Map<Declaration, Set<string>>();
  readonly #bound = new Map<string, Declaration>();

  /** Takes all declarations in place of those before; returns what that changes of what is reported. */
  declare(declarations: readonly Declaration[], allReported: () => ReadonlyMap<string, ContainerRecord>): Records {
    const out: Records = new Map();
    if (declarations.length === 0 && this.#byId.size === 0) return out;
    const reported = allReported();
    for (const { record } of this.#byId.values()) out.set(record.id, undefined);
    for (const id of this.#bound.keys()) out.set(id, reported.get(id));
    this.#byName = new Map(declarations.map((one) => [nameOf(one.record), one]));
    this.#byId = new Map(declarations.map((one) => [one.record.id, one]));
    this.#over.clear();
    this.#bound.clear();
    for (const one of declarations) {
      this.#over.set(one, new Set());
      out.set(one.record.id, one.record);
    }
    for (const [id, record] of declarations.length > 0 ? reported : []) {
      if (this.#find(record)) this.#apply(id, record, out);
    }
    return out;
  }

  /** What sources report (undefined: gone) as it counts. */
  apply(reported: Records): Records {
    if (this.#byId.size === 0) return reported;
    const out: Records = new Map();
    for (const [id, record] of reported) this.#apply(id, record, out);
    return out;
  }

  #apply(id: string, record: ContainerRecord | undefined, out: Records): void {
    const before = this.#bound.get(id);
    const now = record && this.#find(record);
    if (before !== now && before) this.#unbind(id, before, out);
    if (record && now) this.#bind(id, now, out);
    // One that bore a declared uuid and is gone leaves the declaration in its place.
    if (record || out.get(id) === undefined) out.set(id, record && now ? mergedWith(record, now) : record);
  }

  #find(record: ContainerRecord): Declaration | undefined {
    return this.#byId.get(record.id) ?? this.#byName.get(nameOf(record));
  }

  #bind(id: string, declaration: Declaration, out: Records): void {
    this.#bound.set(id, declaration);
    this.#over.get(declaration)?.add(id);
    out.set(declaration.record.id, undefined);
  }

  #unbind(id: string, declaration: Declaration, out: Records): void {
    this.#bound.delete(id);
    const over = this.#over.get(declaration);
    over?.delete(id);
    if (over?.size === 0) out.set(declaration.record.id, declaration.record);
  }
}

function nameOf({ hostId, name }: ContainerRecord): string {
  return `${hostId}/${name.toLowerCase()}`;
}

/** Addresses, ports and state are facts of the attached one. */
function mergedWith(record: ContainerRecord, { record: declared, named }: Declaration): ContainerRecord {
  return { ...record, ...named, labels: { ...record.labels, ...declared.labels } };
}
