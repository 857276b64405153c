// Pure: a name index that tells what was read from it, and which marks a change makes wrong. Marks are texts: a name stands for
// what it leads to, `+name` and `-name` for "it exists" having become true or false, `@address` for who is behind an address.
import { type Ip, parseIp } from '../../shared/model/ip.ts';
import type { Ipv4 } from '../../shared/model/ipv4.ts';
import type { SnapshotObject } from '../../shared/model/objects.ts';
import { type Change, objectsOf, type Snapshot, splitKey } from '../../shared/model/snapshot.ts';
import { kubernetesZone } from '../derive-names.ts';
import { type NameEntry, NameIndex } from '../name-index.ts';
import { isInside, parentOf } from '../wire-names.ts';

/** What one update made wrong. */
export interface Staleness {
  /** Undefined: so much that all is to be made anew. */
  readonly marks: readonly string[] | undefined;
  /** Addresses of local containers whose view may be another now. */
  readonly clients: ReadonlySet<Ipv4>;
}

/** More changed names than this: to find what they touch costs more than to make everything anew. */
const maxNames = 2_000;

export class NotedIndex extends NameIndex {
  #notes: Set<string> | undefined;
  #before: Snapshot | undefined;

  /** Runs `read`, which must not wait, and returns with its result the marks of what it read. */
  noting<T>(read: () => T): { readonly result: T; readonly marks: string[] } {
    const notes = new Set<string>();
    this.#notes = notes;
    try {
      return { result: read(), marks: [...notes] };
    } finally {
      this.#notes = undefined;
    }
  }

  override lookup(name: string): NameEntry | undefined {
    this.#notes?.add(name);
    // A container below a service of Kubernetes has no claim of its own: its service's name stands for it.
    const parent = this.#notes && isInside(name, kubernetesZone) ? parentOf(name) : undefined;
    if (parent !== undefined) this.#notes?.add(parent);
    return super.lookup(name);
  }

  override exists(name: string): boolean {
    const found = super.exists(name);
    // The mark of the change that would make it wrong.
    this.#notes?.add(`${found ? '-' : '+'}${name}`);
    return found;
  }

  override nameAt(address: Ip): string | undefined {
    this.#notes?.add(markOf(address));
    return super.nameAt(address);
  }

  /** As `update`, telling what it made wrong. */
  take(snapshot: Snapshot, change: Change): Staleness {
    const before = this.#before;
    const whole = before?.hostId !== snapshot.hostId;
    const names = this.update(snapshot, change);
    this.#before = snapshot;
    const touched = whole ? [...objectsOf(snapshot)] : this.#touchedBy(change, before);
    // Links of any client may lead elsewhere when the environment has another name.
    const all = whole || touched.some(({ kind }) => kind === 'environment');
    const clients = this.#clientsOf(all ? [...objectsOf(snapshot)] : touched, snapshot);
    if (all || names.size > maxNames) return { marks: undefined, clients };
    const marks = new Set<string>();
    for (const name of names) this.#markName(name, marks);
    for (const address of addressesOf(touched)) marks.add(markOf(address));
    return { marks: [...marks], clients };
  }

  #markName(name: string, marks: Set<string>): void {
    marks.add(name);
    for (let at: string | undefined = name; at && !marks.has(`+${at}`) && !marks.has(`-${at}`); at = parentOf(at)) {
      marks.add(`${super.exists(at) ? '+' : '-'}${at}`);
    }
  }

  /** The objects of a change as they were and as they are, and the containers of hosts that it tells of. */
  #touchedBy(change: Change, before: Snapshot | undefined): SnapshotObject[] {
    const keys = [...change.drop, ...change.put.map((object) => `${object.kind}/${object.id}` as const)].map(splitKey);
    const old = keys.map(({ kind, id }) => before?.get(kind, id)).filter((object) => object !== undefined);
    const lost = keys.filter(
      ({ kind, id }) => kind === 'host' && before?.get(kind, id)?.alive !== this.#aliveNow(id, change),
    );
    return [...old, ...change.put, ...lost.flatMap(({ id }) => this.containersOf(id))];
  }

  #aliveNow(hostId: string, change: Change): boolean | undefined {
    const host = change.put.find(({ kind, id }) => kind === 'host' && id === hostId);
    return host?.kind === 'host' ? host.alive : undefined;
  }

  /** A container's own change, and one of a service that lists it, may change what it sees. */
  #clientsOf(touched: readonly SnapshotObject[], snapshot: Snapshot): Set<Ipv4> {
    const clients = new Set<Ipv4>();
    const add = (object: SnapshotObject | undefined): void => {
      if (object?.kind !== 'container' || object.hostId !== snapshot.hostId) return;
      for (const address of addressesOf([object])) if (typeof address === 'number') clients.add(address);
    };
    for (const object of touched) {
      add(object);
      if (object.kind === 'service') for (const id of object.containerIds) add(snapshot.get('container', id));
    }
    return clients;
  }
}

function markOf(address: Ip): string {
  return typeof address === 'number' ? `@${address}` : `@${address.toString(16)}:`;
}

function* addressesOf(objects: readonly SnapshotObject[]): Iterable<Ip> {
  for (const object of objects) {
    if (object.kind !== 'container') continue;
    for (const address of object.ips.map(parseIp)) if (address !== undefined) yield address;
  }
}
