// Pure: what the cluster's store holds, as this host has read it, with the records of other hosts checked and ready for the
// snapshot. It is fed with pages of full lists and with changes; what a reader must do about it comes out as a delta.
import type { EtcdEvent, KeyValue } from '../../shared/effects/etcd.ts';
import type { ContainerRecord, TunnelObject } from '../../shared/model/objects.ts';
import type { NetworkPlan } from '../derive-networks.ts';
import { SharedTexts } from '../shared-texts.ts';
import { hostPrefix, type Place, parseKey, renderKey, type Section } from './keys.ts';
import { parseValue } from './parse-value.ts';
import { type Entry, Table } from './table.ts';
import type { AddressValue, AliveValue, BlockValue, DeclaredValue, HostValue } from './values.ts';

export interface Block extends BlockValue {
  readonly network: string;
  readonly cidr: string;
}

export interface Address extends AddressValue {
  readonly network: string;
  readonly ip: string;
}

export interface Declared extends DeclaredValue {
  readonly section: Section;
  readonly name: string;
}

/** What came of lists and changes since it was last asked. */
export interface Delta {
  /** Records of other hosts' containers. */
  readonly put: readonly ContainerRecord[];
  /** Their ids. */
  readonly drop: readonly string[];
  /** Hosts, networks, blocks or declarations differ. */
  readonly facts: boolean;
}

/** Told of what a journal of the store should hold: a value, or undefined for a key that is gone. */
export type Keep = (key: string, version: KeyValue | undefined) => void;

/** As many records as a snapshot has room for, and a bound on everything else that other hosts may write. */
const most = {
  hosts: 10_000,
  containers: 131_072,
  blocks: 65_536,
  addresses: 262_144,
  networks: 1_024,
  declared: 40_000,
};

export class Mirror {
  /** Entries that were refused. */
  refused = 0;
  /** A container that two hosts claimed lost its owner: only a list can tell who is next. */
  needsList = false;
  readonly infos = new Table<HostValue>(most.hosts);
  readonly leases = new Table<AliveValue>(most.hosts);
  readonly tunnels = new Table<TunnelObject>(most.hosts);
  readonly blocks = new Table<Block>(most.blocks);
  readonly addresses = new Table<Address>(most.addresses);
  readonly networks = new Table<NetworkPlan>(most.networks);
  readonly declared = new Table<Declared>(most.declared);
  /** What this host itself has written: text by key. */
  readonly own = new Table<string>(most.containers);
  readonly #containers = new Table<ContainerRecord>(most.containers);
  readonly #byPlace = {
    info: this.infos,
    alive: this.leases,
    tunnel: this.tunnels,
    block: this.blocks,
    address: this.addresses,
    network: this.networks,
    declared: this.declared,
    container: this.#containers,
  };
  readonly #byHost = new Map<string, Set<string>>();
  /** Known from before the store was emptied, and not back yet. */
  readonly #oldHosts = new Set<string>();
  readonly #contested = new Set<string>();
  readonly #hidden = new Set<string>();
  readonly #touched = new Set<string>();
  readonly #self: string;
  readonly #keep: Keep;
  #texts = new SharedTexts();
  #facts = false;
  #list = 0;

  constructor(self: string, keep: Keep = () => undefined) {
    this.#self = self;
    this.#keep = keep;
  }

  /** The journal's contents, until the store itself is read. */
  recall(items: Iterable<KeyValue>): void {
    for (const item of items) this.#put(item, 0, true);
  }

  /** A full list begins. `emptied`: the store is another one than before, so what it lacks is not gone. */
  startList(emptied: boolean): void {
    this.#list += 1;
    if (emptied) this.#grow();
    this.needsList = false;
    this.#texts = new SharedTexts();
  }

  page(items: readonly KeyValue[]): void {
    for (const item of items) this.#put(item, this.#list);
  }

  endList(): void {
    for (const table of this.#tables()) for (const key of [...table.missing(this.#list)]) this.#drop(key);
    for (const id of [...this.#containers.missing(this.#list)]) {
      this.#drop(renderKey({ at: 'container', host: this.#containers.get(id)!.value.hostId, id }));
    }
  }

  apply(events: readonly EtcdEvent[]): void {
    for (const event of events) {
      if ('put' in event) this.#put(event.put, 0);
      else this.#drop(event.drop, event.modified);
    }
  }

  take(): Delta {
    const put: ContainerRecord[] = [];
    const drop: string[] = [];
    for (const id of this.#touched) {
      const record = this.#containers.get(id)?.value;
      if (record && this.#isShown(record.hostId)) put.push(record);
      else drop.push(id);
    }
    this.#touched.clear();
    const facts = this.#facts;
    this.#facts = false;
    return { put, drop, facts };
  }

  /** All records of other hosts that are shown. */
  *containers(): Generator<ContainerRecord> {
    for (const { value } of this.#containers.values()) if (this.#isShown(value.hostId)) yield value;
  }

  /** Takes a host's containers out of sight, or back in. */
  hide(host: string, hidden: boolean): void {
    if (this.#hidden.has(host) === hidden) return;
    if (hidden) this.#hidden.add(host);
    else this.#hidden.delete(host);
    this.#touchHost(host);
  }

  /** Everything of a host, whatever the store says. */
  forget(host: string): void {
    for (const id of [...(this.#byHost.get(host) ?? [])]) this.#drop(renderKey({ at: 'container', host, id }));
    this.#dropOf(host, () => true);
    this.#drop(renderKey({ at: 'tunnel', host }));
    this.#drop(renderKey({ at: 'info', host }));
    this.#hidden.delete(host);
  }

  /** What a host has besides counts only while it has its info. */
  hasHost(host: string): boolean {
    return this.infos.get(renderKey({ at: 'info', host })) !== undefined;
  }

  /** The facts differ for a reason that lies elsewhere. */
  touchFacts(): void {
    this.#facts = true;
  }

  #tables(): Table<unknown>[] {
    const { infos, leases, tunnels, blocks, addresses, networks, declared, own } = this;
    return [infos, leases, tunnels, blocks, addresses, networks, declared, own];
  }

  #grow(): void {
    for (const table of [...this.#tables(), this.#containers]) table.grow();
    for (const { value } of this.infos.values()) this.#oldHosts.add(value.object.id);
  }

  #isShown(host: string): boolean {
    return !this.#hidden.has(host) && this.hasHost(host);
  }

  #put(item: KeyValue, list: number, kept = false): void {
    const place = parseKey(item.key);
    if (!place || place.at === 'cluster') return;
    if (item.key.startsWith(hostPrefix(this.#self))) {
      if (!this.own.knows(item.key, item, list)) this.own.set(item.key, item.value, item, list);
      return;
    }
    const table = this.#byPlace[place.at] as Table<unknown>;
    const id = place.at === 'container' ? place.id : item.key;
    if (table.knows(id, item, list)) return;
    const value = this.#accepted(place, id, item);
    if (value === undefined) {
      this.refused += 1;
      const known = table.get(id);
      if (known && list > 0) known.seen = list; // the last good one stays
      return;
    }
    table.set(id, value, item, list);
    this.#noted(place);
    if (!kept && isJournalled(place)) this.#keep(item.key, item);
  }

  /** Undefined for a value that is refused. */
  #accepted(place: Exclude<Place, { at: 'cluster' }>, id: string, item: KeyValue): unknown {
    if (this.#byPlace[place.at].isFull(id)) return undefined;
    try {
      const value = parseValue(place, item.value, this.#texts.share);
      return place.at === 'container' && this.#isAnothers(place.host, id, item.created) ? undefined : value;
    } catch {
      return undefined;
    }
  }

  #noted(place: Place): void {
    if (place.at === 'container') {
      this.#touched.add(place.id);
      const ids = this.#byHost.get(place.host);
      if (ids) ids.add(place.id);
      else this.#byHost.set(place.host, new Set([place.id]));
      return;
    }
    this.#facts = true;
    if (place.at !== 'info') return;
    this.#touchHost(place.host);
    if (this.#oldHosts.delete(place.host)) this.#dropOld(place.host);
  }

  /** The older of two claims to one id counts. */
  #isAnothers(host: string, id: string, created: number): boolean {
    const known = this.#containers.get(id);
    if (!known || known.value.hostId === host) return false;
    this.#contested.add(id);
    if (known.created <= created) return true;
    this.#byHost.get(known.value.hostId)?.delete(id);
    return false;
  }

  /** A host writes its info last: what it has not written again by then is gone. */
  #dropOld(host: string): void {
    for (const id of [...(this.#byHost.get(host) ?? [])]) {
      if (this.#containers.get(id)?.old) this.#drop(renderKey({ at: 'container', host, id }));
    }
    this.#dropOf(host, ({ old }) => old);
    const tunnel = renderKey({ at: 'tunnel', host });
    if (this.tunnels.get(tunnel)?.old) this.#drop(tunnel);
  }

  #dropOf(host: string, which: (entry: Entry<unknown>) => boolean): void {
    for (const table of [this.blocks, this.addresses, this.declared]) {
      for (const [key, entry] of [...table.entries()] as [string, Entry<{ hostId: string }>][]) {
        if (entry.value.hostId === host && which(entry)) this.#drop(key);
      }
    }
  }

  #drop(key: string, modified?: number): void {
    const place = parseKey(key);
    if (!place || place.at === 'cluster') return;
    if (key.startsWith(hostPrefix(this.#self))) {
      this.own.drop(key, modified);
      return;
    }
    if (place.at === 'container') this.#dropContainer(place.host, place.id, modified);
    else if (this.#byPlace[place.at].drop(key, modified)) {
      this.#facts = true;
      if (place.at === 'info') this.#touchHost(place.host);
    }
    if (isJournalled(place)) this.#keep(key, undefined);
  }

  #dropContainer(host: string, id: string, modified?: number): void {
    if (this.#containers.get(id)?.value.hostId !== host || !this.#containers.drop(id, modified)) return;
    this.#byHost.get(host)?.delete(id);
    this.#touched.add(id);
    if (this.#contested.delete(id)) this.needsList = true;
  }

  #touchHost(host: string): void {
    for (const id of this.#byHost.get(host) ?? []) this.#touched.add(id);
  }
}

/** Leases end with what they tell; addresses are asked for with the store at hand. */
function isJournalled({ at }: Place): boolean {
  return at !== 'alive' && at !== 'address';
}
