// Notices containers of this host whose address belongs to another host's container by the cluster's claims. Claims keep that
// from happening, except for what a host gave from its block while it could not see the store. The claim is the older one by
// the order of the store: routes lead to it, and this host says so.
import type { Health } from '../../shared/daemon/health.ts';
import type { Logger } from '../../shared/daemon/log.ts';
import type { ContainerObject } from '../../shared/model/objects.ts';
import { type Change, splitKey } from '../../shared/model/snapshot.ts';
import type { AddressValue } from './values.ts';

export interface AddressConflictOptions {
  readonly hostId: string;
  /** Who claimed an address; undefined for one that nobody did. */
  readonly holderOf: (network: string, ip: string) => AddressValue | undefined;
  readonly nameOf: (hostId: string) => string;
  readonly health: Pick<Health, 'set'>;
  readonly log: Pick<Logger, 'warn' | 'info'>;
}

const condition = 'addresses';
const mostNamed = 10;
const fine = { ok: true, text: 'no other host has an address of a container here' };
const hint = 'start the container of this host anew: it gets another address';

export class AddressConflicts {
  readonly #options: AddressConflictOptions;
  readonly #local = new Map<string, ContainerObject>();
  /** By the container's id. */
  readonly #found = new Map<string, string>();
  #told = false;

  constructor(options: AddressConflictOptions) {
    this.#options = options;
  }

  /** Another snapshot: only the containers in it that changed are looked at. */
  onRevision({ change }: { readonly change: Change }): void {
    for (const key of change.drop) {
      const { kind, id } = splitKey(key);
      if (kind === 'container' && this.#local.delete(id)) this.#found.delete(id);
    }
    for (const object of change.put) {
      if (object.kind !== 'container' || object.hostId !== this.#options.hostId) continue;
      this.#local.set(object.id, object);
      this.#judge(object);
    }
    this.#say();
  }

  /** Other claims than before: every container of this host is looked at. */
  onClaims(): void {
    for (const container of this.#local.values()) this.#judge(container);
    this.#say();
  }

  #judge(container: ContainerObject): void {
    const text = this.#describe(container);
    if (text === undefined) this.#found.delete(container.id);
    else this.#found.set(container.id, text);
  }

  #describe({ name, network, ips, state, networkFrom, externalId }: ContainerObject): string | undefined {
    if (network === null || state === 'stopped' || networkFrom !== null) return undefined;
    const { hostId, holderOf, nameOf } = this.#options;
    for (const ip of ips) {
      const holder = holderOf(network, ip);
      if (!holder || holder.hostId === hostId) continue;
      const owner = `container ${holder.owner.slice(0, 12)} on ${nameOf(holder.hostId)}`;
      const user = `${name} (${(externalId ?? '').slice(0, 12)}) on ${nameOf(hostId)}`;
      return `${ip} of ${network} belongs to ${owner} and is also used by ${user}`;
    }
    return undefined;
  }

  #say(): void {
    const { health, log } = this.#options;
    const texts = [...this.#found.values()].sort();
    const text = texts.slice(0, mostNamed).join('; ');
    if (texts.length === 0) {
      const changed = health.set(condition, fine);
      if (changed && this.#told) log.info({ event: 'address.settled' }, fine.text);
    } else if (health.set(condition, { ok: false, degradesOnly: true, code: 'ADDRESS_TAKEN', text, hint })) {
      log.warn({ event: 'address.conflict', conflicts: texts.slice(0, mostNamed) }, text);
    }
    this.#told = texts.length > 0;
  }
}
