// Pure: where to find the ids of containers and services by what they have.
import { type Ip, parseIp } from '../shared/model/ip.ts';
import type { SnapshotObject } from '../shared/model/objects.ts';
import { MultiMap } from './multi-map.ts';

export class Places {
  readonly #byAddress = new MultiMap<Ip, string>();
  readonly #byHost = new MultiMap<string, string>();
  readonly #servicesOf = new MultiMap<string, string>();

  /** Containers with the address. */
  at(address: Ip): string[] {
    return this.#byAddress.get(address);
  }

  /** Containers of the host. */
  on(hostId: string): string[] {
    return this.#byHost.get(hostId);
  }

  /** Services that list the container. */
  servicesOf(containerId: string): string[] {
    return this.#servicesOf.get(containerId);
  }

  add(object: SnapshotObject): void {
    this.#list(object, 'add');
  }

  remove(object: SnapshotObject): void {
    this.#list(object, 'remove');
  }

  clear(): void {
    for (const map of [this.#byAddress, this.#byHost, this.#servicesOf]) map.clear();
  }

  #list(object: SnapshotObject, verb: 'add' | 'remove'): void {
    if (object.kind === 'service') for (const id of object.containerIds) this.#servicesOf[verb](id, object.id);
    if (object.kind !== 'container') return;
    this.#byHost[verb](object.hostId, object.id);
    for (const address of object.ips.map(parseIp)) {
      if (address !== undefined) this.#byAddress[verb](address, object.id);
    }
  }
}
