// Pure: what answers and waits depend on, so that a change disturbs those that it concerns and nobody else. A dependency is a
// name: `container/<id>` an object, `container` all of a kind, `container=<name>` who bears a name, `service#<uuid>` who has a
// uuid, `stack><id>` the services of a stack, `@<address>` whose an address is, `version` everything that is shown.
import { type Ip, parseIp } from '../shared/model/ip.ts';
import type { Kind, SnapshotObject } from '../shared/model/objects.ts';
import { splitKey } from '../shared/model/snapshot.ts';
import type { Revision } from './state.ts';

/** Beyond this many, single objects are noted as their whole kind. */
const mostNoted = 24;

export const nameOf = (kind: Kind, lowerCased: string): string => `${kind}=${lowerCased}`;
export const uuidOf = (kind: Kind, uuid: string): string => `${kind}#${uuid}`;
export const servicesOf = (stackId: string): string => `stack>${stackId}`;
export const ownerOf = (address: Ip): string => `${typeof address === 'number' ? '@' : '@@'}${address}`;

/** What everything depends on: the configuration, tokens, a file's answers. */
export const everything = '*';

/** Collects what one answer was made of. */
export class Reads {
  readonly names = new Set<string>([everything]);

  object(kind: Kind, id: string): void {
    if (this.names.size < mostNoted) this.names.add(`${kind}/${id}`);
    else this.names.add(kind);
  }

  /** A dependency by its name; those that are too many count as the kind. */
  note(name: string, kind: string): void {
    this.names.add(this.names.size < mostNoted ? name : kind);
  }
}

/** The dependencies that a revision touches. */
export function touchedBy({ change, before, snapshot }: Revision): Set<string> {
  const touched = new Set<string>();
  const touch = (object: SnapshotObject): void => {
    const { kind, id } = object;
    touched.add(kind).add(`${kind}/${id}`);
    if (kind === 'block' || kind === 'tunnel') return;
    touched.add('version').add(uuidOf(kind, id)).add(nameOf(kind, object.name.toLowerCase()));
    if (kind === 'service') touched.add(uuidOf(kind, object.uuid)).add(servicesOf(object.stackId));
    if (kind !== 'container') return;
    for (const ip of object.ips) {
      const address = parseIp(ip);
      if (address !== undefined) touched.add(ownerOf(address));
    }
  };
  const both = (kind: Kind, id: string): void => {
    const [old, now] = [before.get(kind, id), snapshot.get(kind, id)];
    if (old) touch(old);
    if (now) touch(now);
  };
  for (const { kind, id } of change.put) both(kind, id);
  for (const key of change.drop) {
    const { kind, id } = splitKey(key);
    both(kind, id);
  }
  return touched;
}

/** Things by what they depend on. */
export class Dependents<T> {
  readonly #byName = new Map<string, Set<T>>();
  readonly #names = new Map<T, ReadonlySet<string>>();

  get size(): number {
    return this.#names.size;
  }

  /** Notes what the thing depends on now, in place of what it depended on before. */
  set(thing: T, names: ReadonlySet<string>): void {
    this.delete(thing);
    this.#names.set(thing, names);
    for (const name of names) {
      const all = this.#byName.get(name);
      if (all) all.add(thing);
      else this.#byName.set(name, new Set([thing]));
    }
  }

  delete(thing: T): void {
    for (const name of this.#names.get(thing) ?? []) {
      const all = this.#byName.get(name);
      all?.delete(thing);
      if (all?.size === 0) this.#byName.delete(name);
    }
    this.#names.delete(thing);
  }

  /** Those that depend on any of the names. */
  touched(names: ReadonlySet<string>): Set<T> {
    const found = new Set<T>();
    if (this.#names.size === 0) return found;
    for (const name of names) for (const thing of this.#byName.get(name) ?? []) found.add(thing);
    return found;
  }

  clear(): void {
    this.#byName.clear();
    this.#names.clear();
  }
}
