// Pure: every name of the zone, kept up with the snapshot. A change costs what it touches: each name remembers which objects
// it was made from, so that exactly the names of a changed object are made anew, when somebody asks for them.
import type { Ip } from '../shared/model/ip.ts';
import type { Ipv4 } from '../shared/model/ipv4.ts';
import {
  type ContainerObject,
  type Key,
  keyOf,
  type ServiceObject,
  type SnapshotObject,
} from '../shared/model/objects.ts';
import { type Change, objectsOf, Snapshot, splitKey } from '../shared/model/snapshot.ts';
import { type Answers, noAnswers } from './answers.ts';
import {
  addressesOf,
  type Cut,
  type Endpoints,
  kubernetesZone,
  nameOf,
  namesOf,
  type Objects,
  serviceEndpoints,
} from './derive-names.ts';
import { MadeEntries } from './made-entries.ts';
import { NameClaims } from './name-claims.ts';
import { Places } from './places.ts';
import { addressesOfPlain, hostsOf, inOrder, isGone, isReachable } from './reach.ts';
import { isInside, parentOf } from './wire-names.ts';

export interface NameEntry extends Endpoints {
  /**
   * May be found through a search suffix. False for a container's name with dots: a container called `www.example.com`
   * must not take that name over for everybody whose suffix is the zone.
   */
  readonly searchable: boolean;
}

export interface NameIndexOptions {
  readonly zone: string;
  /** The address of this service, published as `rancher-metadata`. */
  readonly serviceAddress: Ipv4;
  /** Told of links that are not followed, whenever they are met. */
  readonly onCut?: (cut: Cut) => void;
}

export class NameIndex {
  readonly zone: string;
  readonly serviceName: string;
  readonly #options: NameIndexOptions;
  #snapshot: Snapshot | undefined;
  /** The one before, while names are moved from it to the next. */
  #before: Snapshot | undefined;
  #answers = noAnswers;
  #answersTaken = 0;
  readonly #claims: NameClaims;
  readonly #made = new MadeEntries<NameEntry>();
  readonly #places = new Places();

  constructor(options: NameIndexOptions) {
    this.zone = options.zone;
    this.serviceName = `rancher-metadata.${options.zone}`;
    this.#options = options;
    this.#claims = new NameClaims(options.zone);
  }

  /** True once a snapshot has come. */
  get ready(): boolean {
    return this.#snapshot !== undefined;
  }

  /** Counts up with the data; serial of the zone's SOA. */
  get serial(): number {
    return ((this.#snapshot?.revision ?? 0) + this.#answersTaken) >>> 0;
  }

  /** The answers file beside metadata. */
  get answers(): Answers {
    return this.#answers;
  }

  useAnswers(answers: Answers): void {
    this.#answers = answers;
    this.#answersTaken += 1;
  }

  /** The zone that the name is answered in by us alone, the innermost of several. */
  zoneOf(name: string): string | undefined {
    let found = isInside(name, this.zone) ? this.zone : undefined;
    for (const zone of this.#answers.zones) {
      if (isInside(name, zone) && zone.length > (found ?? '').length) found = zone;
    }
    return found;
  }

  /** Number of names, without the service's own. */
  get size(): number {
    return this.#claims.size;
  }

  get serviceAddress(): Ipv4 {
    return this.#options.serviceAddress;
  }

  /** Takes a snapshot over; returns the names whose records may differ now. */
  update(snapshot: Snapshot, change: Change): Set<string> {
    const changed = new Set<string>();
    // On another host the change is relative to nothing: the snapshot itself is the full set.
    const sameHost = this.#snapshot?.hostId === snapshot.hostId;
    const before = sameHost ? this.#snapshot! : this.#forget(snapshot.hostId, changed);
    this.#before = before;
    this.#snapshot = snapshot;
    if (sameHost) for (const key of change.drop) this.#replace(key, lookUp(before, key), undefined, changed);
    for (const object of sameHost ? change.put : objectsOf(snapshot)) {
      const key = keyOf(object);
      this.#replace(key, lookUp(before, key), object, changed);
      // Any link may lead elsewhere now.
      if (object.kind === 'environment') this.#made.clear();
    }
    if (sameHost) this.#replaceMoved(before, change, changed);
    this.#before = undefined;
    return changed;
  }

  /** Containers of hosts that are gone or back: they did not change themselves, what they stand for does. */
  #replaceMoved(before: Snapshot, change: Change, changed: Set<string>): void {
    const hosts = hostsOf(change).filter((id) => isGone(id, before) !== isGone(id, this.#snapshot));
    if (hosts.length === 0) return;
    const done = new Set<Key>([...change.drop, ...change.put.map(keyOf)]);
    for (const container of hosts.flatMap((id) => this.containersOf(id))) {
      const key = keyOf(container);
      if (!done.has(key)) this.#replace(key, container, container, changed);
    }
  }

  /** What the name leads to by metadata; undefined if no object has it. */
  lookup(name: string): NameEntry | undefined {
    if (name === this.serviceName) return { addresses: [this.serviceAddress], alias: undefined, searchable: true };
    const claims = this.#claims.of(name);
    const plain = claims.length === 1 ? addressesOfPlain(claims[0]!, this.#snapshot) : [];
    if (plain.length > 0) return { addresses: plain, alias: undefined, searchable: parentOf(name) === this.zone };
    const known = this.#made.get(name);
    if (known) return known;
    const made = claims.length > 0 ? this.#make(name, claims) : this.#makeForPod(name);
    if (!made) return undefined;
    this.#made.set(name, made);
    return made;
  }

  /** True if the name has records for all clients, or stands above names that have. */
  exists(name: string): boolean {
    const known = name === this.zone || name === this.serviceName || this.#claims.exists(name);
    return known || this.#answers.common.table.exists(name);
  }

  /** The containers that have this address, of all hosts, the running and local ones first. */
  containersAt(address: Ip): ContainerObject[] {
    const found = this.#places.at(address).map((id) => this.#snapshot?.get('container', id));
    return inOrder(
      found.filter((one) => one !== undefined),
      this.#snapshot?.hostId,
    );
  }

  /** The container behind a local client's address. */
  clientAt(address: Ip): ContainerObject | undefined {
    return this.containersAt(address).find((container) => container.hostId === this.#snapshot?.hostId);
  }

  /** The name that a reverse lookup of the address answers. */
  nameAt(address: Ip): string | undefined {
    for (const container of this.containersAt(address)) {
      if (!isReachable(container, this.#snapshot)) continue;
      const name = nameOf(container, this.zone);
      if (name !== undefined) return name;
    }
    return undefined;
  }

  /** The name of this cluster's environment. */
  get environment(): string | undefined {
    for (const one of this.#snapshot?.table('environment').values() ?? []) return one.name;
    return undefined;
  }

  /** The containers of a host. */
  containersOf(hostId: string): ContainerObject[] {
    const found = this.#places.on(hostId).map((id) => this.#snapshot?.get('container', id));
    return found.filter((one) => one !== undefined);
  }

  /** The services (sidekicks too) that list this container. */
  servicesOf(containerId: string): ServiceObject[] {
    const found = this.#places.servicesOf(containerId).map((id) => this.#snapshot?.get('service', id));
    return found.filter((service) => service !== undefined);
  }

  #make(name: string, claims: readonly Key[]): NameEntry {
    const objects = this.#tracked(name);
    const services = objects.servicesNamed(name);
    if (services.length === 0) return this.#makeForContainers(name, claims, objects);
    const cut = (what: Cut): void => this.#options.onCut?.(what);
    const parts = services.map((service) => serviceEndpoints(service, objects, this.zone, cut));
    const addresses = [...new Set(parts.flatMap((part) => part.addresses))];
    return { addresses, alias: parts.find((part) => part.alias !== undefined)?.alias, searchable: true };
  }

  /** One name, several containers: the one that runs, is local, is newest. */
  #makeForContainers(name: string, claims: readonly Key[], objects: Objects): NameEntry {
    const containers = claims.map((key) => objects.container(splitKey(key).id)).filter((one) => one !== undefined);
    const addresses = inOrder(containers, this.#snapshot?.hostId).map((container) => addressesOf(container, objects));
    const first = addresses.find((some) => some.length > 0) ?? [];
    return { addresses: first, alias: undefined, searchable: parentOf(name) === this.zone };
  }

  /** `<container>.<service>.<namespace>.svc.cluster.local`: a container that a service of Kubernetes lists. */
  #makeForPod(name: string): NameEntry | undefined {
    const parent = isInside(name, kubernetesZone) ? parentOf(name) : undefined;
    if (parent === undefined || !this.#claims.exists(parent)) return undefined;
    const wanted = name.slice(0, -parent.length - 1);
    const isWanted = (id: string): boolean => {
      const container = this.#snapshot?.get('container', id);
      return container?.name.toLowerCase() === wanted && isReachable(container, this.#snapshot);
    };
    const find = (objects: Objects): Key[] =>
      objects
        .servicesNamed(parent)
        .flatMap((service) => service.containerIds.filter(isWanted).map((id): Key => `container/${id}`));
    // Looked at before anything is noted: names that clients make up must leave nothing behind.
    if (find(this.#objects).length === 0) return undefined;
    const objects = this.#tracked(name);
    return { ...this.#makeForContainers(name, find(objects), objects), searchable: true };
  }

  get #objects(): Objects {
    return {
      environment: this.environment,
      isReachable: (container) => isReachable(container, this.#snapshot),
      container: (id) => this.#snapshot?.get('container', id),
      servicesNamed: (name) =>
        this.#claims
          .of(name)
          .map(splitKey)
          .map(({ kind, id }) => (kind === 'service' ? this.#snapshot?.get(kind, id) : undefined))
          .filter((one) => one !== undefined),
    };
  }

  /** Reads for making one name, each of them noted. */
  #tracked(name: string): Objects {
    const objects = this.#objects;
    return {
      ...objects,
      container: (id) => {
        this.#made.note(`container/${id}`, name);
        return objects.container(id);
      },
      servicesNamed: (target) => {
        // Its own name drops an entry anyway.
        if (target !== name) this.#made.note(`name:${target}`, name);
        const services = objects.servicesNamed(target);
        for (const service of services) this.#made.note(keyOf(service), name);
        return services;
      },
    };
  }

  #replace(
    key: Key,
    before: SnapshotObject | undefined,
    after: SnapshotObject | undefined,
    changed: Set<string>,
  ): void {
    const old = before && isReachable(before, this.#before) ? namesOf(before, this.zone) : [];
    const names = after && isReachable(after, this.#snapshot) ? namesOf(after, this.zone) : [];
    for (const name of old) if (!names.includes(name)) this.#claims.remove(name, key);
    for (const name of names) if (!old.includes(name)) this.#claims.add(name, key);
    for (const one of new Set([...old, ...names])) this.#dirty(one, changed);
    for (const user of this.#made.dropUsers(key)) changed.add(user);
    if (before) this.#places.remove(before);
    if (after) this.#places.add(after);
  }

  #dirty(name: string, changed: Set<string>): void {
    changed.add(name);
    this.#made.drop(name);
    for (const user of this.#made.dropUsers(`name:${name}`)) changed.add(user);
  }

  #forget(hostId: string, changed: Set<string>): Snapshot {
    for (const name of this.#claims.names()) changed.add(name);
    for (const map of [this.#claims, this.#made, this.#places]) map.clear();
    return Snapshot.empty(hostId);
  }
}

function lookUp(snapshot: Snapshot, key: Key): SnapshotObject | undefined {
  const { kind, id } = splitKey(key);
  return snapshot.get(kind, id);
}
