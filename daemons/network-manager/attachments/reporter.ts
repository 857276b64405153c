// Tells metadata of every attachment: the full set once the host's id is known, then each change.
import type { Lease } from '../../../cni-plugins/library.ts';
import { type ContainerRecord, keyOf } from '../../shared/model/objects.ts';
import type { Records } from '../../shared/source/records.ts';
import type { Live } from './facts.ts';
import { type Guest, guestRecord } from './guests.ts';
import { derivedId, guestId, recordId, recordOf } from './report.ts';

/** The part of Records that is needed. */
export type RecordsChannel = Pick<Records, 'start' | 'change'>;

export class Reporter {
  readonly #records: RecordsChannel;
  #hostId: string | undefined;
  /** By containerId/ifname: what was last said of it. */
  readonly #told = new Map<string, ContainerRecord>();
  readonly #owners = new Map<string, string>();
  readonly #live = new Map<string, Live>();
  readonly #leases = new Map<string, Lease>();
  readonly #guests = new Map<string, Guest>();
  #agentIp: string | null = null;

  constructor(records: RecordsChannel) {
    this.#records = records;
  }

  get hostId(): string | undefined {
    return this.#hostId;
  }

  /** Opens the channel with the leases there are. Later calls do nothing, unless metadata has lost its store and made a new host. */
  start(hostId: string, leases: Iterable<Lease>): void {
    if (this.#hostId === hostId) return;
    const isFirst = this.#hostId === undefined;
    this.#hostId = hostId;
    if (!isFirst) {
      this.#move(hostId);
      return;
    }
    for (const lease of leases) this.#leases.set(keyFor(lease), lease);
    this.#records.start(this.#makeAll(hostId));
  }

  #move(hostId: string): void {
    const before = [...this.#told.values()].map(keyOf);
    this.#owners.clear();
    this.#told.clear();
    const records = this.#makeAll(hostId);
    const kept = new Set(records.map(keyOf));
    void this.#records.change(
      records,
      before.filter((key) => !kept.has(key)),
    );
  }

  /** Resolves when metadata has the record. */
  put(lease: Lease): Promise<void> {
    this.#leases.set(keyFor(lease), lease);
    if (this.#hostId === undefined || !isDone(lease)) return Promise.resolve();
    const before = this.#told.get(keyFor(lease));
    const record = this.#make(lease, this.#hostId);
    if (before && JSON.stringify(before) === JSON.stringify(record)) return Promise.resolve();
    const drop = before && before.id !== record.id ? [keyOf(before)] : [];
    return this.#records.change([record], drop);
  }

  gone(lease: Lease): Promise<void> {
    const key = keyFor(lease);
    const record = this.#told.get(key);
    this.#leases.delete(key);
    this.#told.delete(key);
    if (!record) return Promise.resolve();
    this.#owners.delete(record.id);
    return this.#records.change([], [keyOf(record)]);
  }

  /** What the engine says of a running container now; undefined when it is gone. */
  live(containerId: string, live: Live | undefined): void {
    if (live) this.#live.set(containerId, live);
    else this.#live.delete(containerId);
    for (const lease of this.#leases.values()) {
      if (lease.containerId === containerId && live) void this.put(lease);
    }
  }

  /** A container without an interface of its own, as it is now; undefined when it is gone. */
  guest(containerId: string, guest: Guest | undefined): void {
    const key = `${containerId}/`;
    const before = this.#told.get(key);
    if (guest) {
      this.#guests.set(containerId, guest);
      if (this.#hostId === undefined) return;
      const record = this.#makeGuest(guest, this.#hostId);
      if (record && JSON.stringify(record) === JSON.stringify(before)) return;
      if (record) void this.#records.change([record], before && before.id !== record.id ? [keyOf(before)] : []);
      if (record) return;
    } else this.#guests.delete(containerId);
    if (!before) return;
    this.#told.delete(key);
    this.#owners.delete(before.id);
    void this.#records.change([], [keyOf(before)]);
  }

  /** The host's address, which those have who live in its namespace. */
  hostAddress(agentIp: string | null): void {
    if (agentIp === this.#agentIp) return;
    this.#agentIp = agentIp;
    for (const [id, guest] of this.#guests) if (guest.parent === null) this.guest(id, guest);
  }

  /** The record of an attachment, if it was told. */
  recordFor(lease: Lease): ContainerRecord | undefined {
    return this.#told.get(keyFor(lease));
  }

  #makeAll(hostId: string): ContainerRecord[] {
    const own = [...this.#leases.values()].filter(isDone).map((lease) => this.#make(lease, hostId));
    return [...own, ...[...this.#guests.values()].flatMap((guest) => this.#makeGuest(guest, hostId) ?? [])];
  }

  /** undefined while its parent is unknown. */
  #makeGuest(guest: Guest, hostId: string): ContainerRecord | undefined {
    const { container, parent } = guest;
    const parentId = parent === null ? null : this.#told.get(`${parent}/eth0`)?.id;
    if (parentId === undefined) return undefined;
    const key = `${container.id}/`;
    const { told, derived } = guestId(container.id, container.labels, hostId);
    const id = this.#isFree(told, key) ? told : derived;
    const record = guestRecord(guest, { hostId, id, parentId, agentIp: this.#agentIp });
    this.#owners.set(id, key);
    this.#told.set(key, record);
    return record;
  }

  /** Two containers with the same uuid label: the first keeps it. */
  #isFree(id: string, key: string): boolean {
    const owner = this.#owners.get(id);
    return owner === undefined || owner === key;
  }

  #make(lease: Lease, hostId: string): ContainerRecord {
    const key = keyFor(lease);
    const wanted = recordId(lease, hostId);
    const id = this.#isFree(wanted, key) ? wanted : derivedId(lease, hostId);
    const record = recordOf(lease, { hostId, id, live: this.#live.get(lease.containerId) });
    this.#owners.set(id, key);
    this.#told.set(key, record);
    return record;
  }
}

function isDone(lease: Lease): boolean {
  return lease.phase === 'done';
}

function keyFor(lease: Lease): string {
  return `${lease.containerId}/${lease.ifname}`;
}
