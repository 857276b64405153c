// Pure: containers in, containers with their stacks and services out, by the units that a change touches: the work is
// proportional to the change, the outcome the same whatever the order of the changes was.
import {
  type ContainerObject,
  type ContainerRecord,
  type Key,
  keyOf,
  type ServiceObject,
  type SnapshotObject,
  type StackObject,
} from '../shared/model/objects.ts';
import type { Change } from '../shared/model/snapshot.ts';
import { type Membership, membershipOf } from './derive-membership.ts';
import {
  deriveUnit,
  type Member,
  stackIdOf,
  standalone,
  type UnitDeclaration,
  type UnitObjects,
} from './derive-unit.ts';
import { SpreadMap } from './spread-map.ts';

interface Entry {
  /** Undefined once the container is gone. */
  record: ContainerRecord | undefined;
  object: ContainerObject | undefined;
  /** The record that `object` was made of. */
  made: ContainerRecord | undefined;
  membership: Membership | undefined;
  unit: Unit | undefined;
}

interface Unit {
  readonly stack: string;
  readonly primary: string | null;
  readonly members: Set<Entry>;
  /** That of the member placed last. */
  membership: Membership | undefined;
  /** Declared launch configurations; a declared unit is there without any container. */
  declared: UnitDeclaration | undefined;
  services: readonly ServiceObject[];
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

/** What one derivation has looked at, with what it was before, and what comes of it. */
class Draft {
  readonly entries = new Map<Entry, ContainerObject | undefined>();
  readonly units = new Set<Unit>();
  readonly stacks = new Set<string>();
  readonly put: SnapshotObject[] = [];
  readonly drop: Key[] = [];

  touch(entry: Entry): void {
    if (!this.entries.has(entry)) this.entries.set(entry, entry.object);
  }

  /** Notes the difference; equal objects (by text) are none. Returns the object that counts. */
  note<T extends SnapshotObject>(before: T | undefined, now: T | undefined): T | undefined {
    if (before === now) return now;
    if (!now) this.drop.push(keyOf(before!));
    else if (before && JSON.stringify(before) === JSON.stringify(now)) return before;
    else this.put.push(now);
    return now;
  }
}

export class Derivation {
  readonly #environmentId: string;
  readonly #entries = new SpreadMap<Entry>();
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
    const draft = new Draft();
    for (const [id, record] of records) {
      const entry = this.#entries.get(id) ?? newEntry();
      draft.touch(entry);
      if (entry.unit) {
        entry.unit.members.delete(entry);
        draft.units.add(entry.unit);
      }
      if (record) this.#place(record, entry);
      else this.#forget(id, entry);
      if (entry.unit) draft.units.add(entry.unit);
      else entry.object = record && standalone(record);
    }
    return this.#derive(draft);
  }

  /** Takes all declared stacks in place of those before, and returns what that changes. */
  declare(declared: readonly DeclaredStack[]): Change {
    const draft = new Draft();
    for (const [name, stack] of this.#stacks) {
      if (stack.declared) draft.stacks.add(name);
      stack.declared = undefined;
      for (const unit of stack.units.values()) {
        if (unit.declared) draft.units.add(unit);
        unit.declared = undefined;
      }
    }
    for (const one of declared) {
      draft.stacks.add(one.name);
      this.#stackOf(one.name).declared = one;
      for (const [primary, launchConfigs] of one.units) {
        const unit = this.#unitOf({ stack: one.name, primary });
        unit.declared = launchConfigs;
        draft.units.add(unit);
      }
    }
    return this.#derive(draft);
  }

  #derive(draft: Draft): Change {
    for (const unit of draft.units) {
      this.#deriveUnit(unit, draft);
      draft.stacks.add(unit.stack);
    }
    for (const [entry, before] of draft.entries) entry.object = draft.note(before, entry.object);
    for (const name of draft.stacks) this.#deriveStack(name, draft);
    return { put: draft.put, drop: draft.drop };
  }

  #place(record: ContainerRecord, entry: Entry): void {
    const { id, name } = record;
    const verdict = membershipOf(record.labels);
    if ('refused' in verdict) this.#refused.set(id, { id, name, reason: verdict.refused });
    else this.#refused.delete(id);
    if (!entry.record) this.#entries.set(id, entry);
    entry.record = record;
    const membership = 'member' in verdict ? verdict.member : undefined;
    entry.unit = membership && this.#unitOf(membership);
    entry.unit?.members.add(entry);
    entry.membership = entry.unit && usual(entry.unit, membership!);
  }

  #forget(id: string, entry: Entry): void {
    this.#entries.delete(id);
    this.#refused.delete(id);
    entry.record = undefined;
    entry.unit = undefined;
    entry.object = undefined;
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
    const made: Unit = {
      stack,
      primary,
      members: new Set(),
      membership: undefined,
      declared: undefined,
      services: [],
      system: false,
    };
    units.set(primary, made);
    return made;
  }

  #deriveUnit(unit: Unit, draft: Draft): void {
    const before = unit.services;
    const { services } = this.#objectsOf(unit, draft);
    unit.services = services.map(
      (now) =>
        draft.note(
          before.find(({ id }) => id === now.id),
          now,
        )!,
    );
    for (const old of before) if (!services.some(({ id }) => id === old.id)) draft.note(old, undefined);
  }

  #objectsOf(unit: Unit, draft: Draft): UnitObjects {
    if (unit.members.size === 0 && !unit.declared) {
      this.#stacks.get(unit.stack)?.units.delete(unit.primary);
      return { services: [], containers: [] };
    }
    const members = [...unit.members] as (Entry & Member)[];
    const derived = deriveUnit(this.#environmentId, unit.stack, unit.primary, members, unit.declared);
    const ofMembers = members.length > 0 && members.every(({ record }) => record.system);
    unit.system = unit.declared?.get(null)?.system ?? ofMembers;
    for (const { member, object } of derived.containers) {
      const entry = member as Entry & Member;
      draft.touch(entry);
      entry.object = object;
      entry.made = entry.record;
    }
    return derived;
  }

  #deriveStack(name: string, draft: Draft): void {
    const stack = this.#stacks.get(name);
    if (!stack) return;
    if (stack.units.size === 0 && !stack.declared) {
      draft.note(stack.object, undefined);
      this.#stacks.delete(name);
      return;
    }
    const units = [...stack.units.values()];
    const system = stack.declared?.system ?? (units.length > 0 && units.every((unit) => unit.system));
    const { object } = stack;
    stack.object =
      object?.system === system
        ? object
        : draft.note(object, { kind: 'stack', id: stackIdOf(this.#environmentId, name), name, system });
  }
}

/** Most members of a unit have one membership, which they then share. */
function usual(unit: Unit, membership: Membership): Membership {
  const known = unit.membership;
  if (known?.sidekick === membership.sidekick && known.number === membership.number) return known;
  unit.membership = membership;
  return membership;
}

function newEntry(): Entry {
  return { record: undefined, object: undefined, made: undefined, membership: undefined, unit: undefined };
}
