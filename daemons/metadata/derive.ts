// Pure: containers in, containers with their stacks and services out, by the units that a change touches: the work is
// proportional to the change, the outcome the same whatever the order of the changes was.
import {
  type ContainerObject,
  type ContainerRecord,
  type Key,
  keyOf,
  type SnapshotObject,
  type StackObject,
} from '../shared/model/objects.ts';
import { type Change, changeBetween } from '../shared/model/snapshot.ts';
import { type Membership, membershipOf } from './derive-membership.ts';
import { deriveUnit, type Member, stackIdOf, standalone, type UnitDeclaration } from './derive-unit.ts';

interface Entry {
  record: ContainerRecord;
  object: ContainerObject | undefined;
  /** The record that `object` was made of. */
  made: ContainerRecord | undefined;
  membership: Membership | undefined;
  unit: Unit | undefined;
}

interface Unit {
  readonly stack: string;
  readonly primary: string | null;
  readonly members: Set<string>;
  /** Declared launch configurations; a declared unit is there without any container. */
  declared: UnitDeclaration | undefined;
  services: readonly SnapshotObject[];
  system: boolean;
}

interface Stack {
  readonly units: Map<string | null, Unit>;
  declared: DeclaredStack | undefined;
  object: StackObject | undefined;
}

export interface DeclaredStack {
  readonly name: string;
  readonly system?: boolean | undefined;
  /** By the name of the primary launch configuration. */
  readonly units: ReadonlyMap<string, UnitDeclaration>;
}

/** Labels that were refused for derivation; the container itself is kept, in no stack. */
export interface LabelRefusal {
  readonly id: string;
  readonly name: string;
  readonly reason: string;
}

export class Derivation {
  readonly #environmentId: string;
  readonly #entries = new Map<string, Entry>();
  readonly #stacks = new Map<string, Stack>();
  readonly #refused = new Map<string, LabelRefusal>();

  constructor(environmentId: string) {
    this.#environmentId = environmentId;
  }

  /** Containers whose labels are refused now. */
  get refused(): ReadonlyMap<string, LabelRefusal> {
    return this.#refused;
  }

  /** Takes containers by id (undefined: gone) and returns what that changes, nothing more. */
  apply(records: ReadonlyMap<string, ContainerRecord | undefined>): Change {
    const have = new Map<Key, SnapshotObject>();
    const want = new Map<Key, SnapshotObject>();
    const touched = new Set<Unit>();
    for (const [id, record] of records) {
      const entry = this.#entries.get(id);
      if (entry?.object) have.set(keyOf(entry.object), entry.object);
      if (entry?.unit) {
        entry.unit.members.delete(id);
        touched.add(entry.unit);
      }
      const next = record ? this.#place(record, entry) : this.#forget(id);
      if (next?.unit) touched.add(next.unit);
      else if (next) {
        next.object = standalone(next.record);
        want.set(keyOf(next.object), next.object);
      }
    }
    return this.#derive(touched, new Set(), have, want);
  }

  /** Takes all declared stacks in place of those before, and returns what that changes. */
  declare(declared: readonly DeclaredStack[]): Change {
    const touched = new Set<Unit>();
    const names = new Set<string>();
    for (const [name, stack] of this.#stacks) {
      if (stack.declared) names.add(name);
      stack.declared = undefined;
      for (const unit of stack.units.values()) {
        if (unit.declared) touched.add(unit);
        unit.declared = undefined;
      }
    }
    for (const one of declared) {
      names.add(one.name);
      this.#stackOf(one.name).declared = one;
      for (const [primary, launchConfigs] of one.units) {
        const unit = this.#unitOf({ stack: one.name, primary });
        unit.declared = launchConfigs;
        touched.add(unit);
      }
    }
    return this.#derive(touched, names, new Map(), new Map());
  }

  #derive(
    touched: ReadonlySet<Unit>,
    stacks: Set<string>,
    have: Map<Key, SnapshotObject>,
    want: Map<Key, SnapshotObject>,
  ): Change {
    for (const unit of touched) {
      this.#deriveUnit(unit, have, want);
      stacks.add(unit.stack);
    }
    for (const name of stacks) this.#deriveStack(name, have, want);
    return changeBetween(have, want);
  }

  #place(record: ContainerRecord, before: Entry | undefined): Entry {
    const verdict = membershipOf(record.labels);
    if ('refused' in verdict)
      this.#refused.set(record.id, { id: record.id, name: record.name, reason: verdict.refused });
    else this.#refused.delete(record.id);
    const membership = 'member' in verdict ? verdict.member : undefined;
    const unit = membership && this.#unitOf(membership);
    unit?.members.add(record.id);
    const entry = { record, object: before?.object, made: before?.made, membership, unit };
    this.#entries.set(record.id, entry);
    return entry;
  }

  #forget(id: string): undefined {
    this.#entries.delete(id);
    this.#refused.delete(id);
  }

  #stackOf(name: string): Stack {
    const known = this.#stacks.get(name);
    if (known) return known;
    const made: Stack = { units: new Map(), declared: undefined, object: undefined };
    this.#stacks.set(name, made);
    return made;
  }

  #unitOf({ stack, primary }: Pick<Membership, 'stack' | 'primary'>): Unit {
    const { units } = this.#stackOf(stack);
    const known = units.get(primary);
    if (known) return known;
    const made: Unit = { stack, primary, members: new Set(), declared: undefined, services: [], system: false };
    units.set(primary, made);
    return made;
  }

  #deriveUnit(unit: Unit, have: Map<Key, SnapshotObject>, want: Map<Key, SnapshotObject>): void {
    for (const service of unit.services) have.set(keyOf(service), service);
    const members = [...unit.members].map((id) => this.#entries.get(id) as Entry & Member);
    for (const { object } of members) if (object) have.set(keyOf(object), object);
    if (members.length === 0 && !unit.declared) {
      unit.services = [];
      this.#stacks.get(unit.stack)?.units.delete(unit.primary);
      return;
    }
    const derived = deriveUnit(this.#environmentId, unit.stack, unit.primary, members, unit.declared);
    unit.services = derived.services;
    const ofMembers = members.length > 0 && members.every(({ record }) => record.system);
    unit.system = unit.declared?.get(null)?.system ?? ofMembers;
    for (const service of derived.services) want.set(keyOf(service), service);
    for (const container of derived.containers) {
      const entry = this.#entries.get(container.id)!;
      entry.object = container;
      entry.made = entry.record;
      want.set(keyOf(container), container);
    }
  }

  #deriveStack(name: string, have: Map<Key, SnapshotObject>, want: Map<Key, SnapshotObject>): void {
    const stack = this.#stacks.get(name);
    if (!stack) return;
    if (stack.object) have.set(keyOf(stack.object), stack.object);
    if (stack.units.size === 0 && !stack.declared) {
      this.#stacks.delete(name);
      return;
    }
    const units = [...stack.units.values()];
    const system = stack.declared?.system ?? (units.length > 0 && units.every((unit) => unit.system));
    stack.object = { kind: 'stack', id: stackIdOf(this.#environmentId, name), name, system };
    want.set(keyOf(stack.object), stack.object);
  }
}
