// The store of a member of a cluster: what it has to itself lies in its own SQLite file, what it shares is claimed in etcd by
// transactions, so that two hosts never get the same. What it owns it knows without asking; only new claims need the store.
import { SuiteError } from '../../shared/model/errors.ts';
import { type Cidr4, type Ipv4, parseCidr4, renderCidr4, renderIpv4 } from '../../shared/model/ipv4.ts';
import type { NetworkPlan } from '../derive-networks.ts';
import { freeAddresses, freeBlocks } from '../store/choose.ts';
import { refuseTooMany, type SqliteStore } from '../store/sqlite.ts';
import type { AddressClaim, AddressWish, Identity, RecordChange, RememberedRecord, Store } from '../store/store.ts';
import { renderKey } from './keys.ts';
import type { ClusterLink } from './link.ts';
import type { Mirror } from './mirror.ts';
import type { AddressValue, BlockValue } from './values.ts';

export interface ClusterStoreOptions {
  readonly sqlite: SqliteStore;
  readonly link: ClusterLink;
  readonly mirror: Mirror;
  /** Records for the other hosts. */
  readonly publish: (changes: readonly RecordChange[]) => void;
  /** Something was claimed or given back: what is shown differs. */
  readonly onClaims: () => void;
  readonly close: () => Promise<void>;
}

/** Another host is that much quicker at most; then the store is asked again. */
const maxTries = 20;
/** After a lost race one of so many is tried, so that many hosts do not race for the same again. */
const spread = 64;

export class ClusterStore implements Store {
  readonly #options: ClusterStoreOptions;

  constructor(options: ClusterStoreOptions) {
    this.#options = options;
  }

  get identity(): Identity {
    return this.#options.sqlite.identity;
  }

  networks(): Promise<ReadonlyMap<string, NetworkPlan>> {
    return this.#options.sqlite.networks();
  }

  saveNetwork(plan: NetworkPlan): Promise<void> {
    return this.#options.sqlite.saveNetwork(plan);
  }

  async dropNetwork(name: string): Promise<void> {
    const { sqlite } = this.#options;
    for (const block of await sqlite.blocks(name)) await this.#give(this.#blockKey(name, block));
    for (const { ip } of await sqlite.addresses(name))
      await this.#give(renderKey({ at: 'address', network: name, ip }));
    await sqlite.dropNetwork(name);
    this.#options.onClaims();
  }

  async blocks(network: string): Promise<readonly Cidr4[]> {
    if (this.#options.link.state === 'refused') return []; // they belong to the host that this one is a copy of
    const own = await this.#options.sqlite.blocks(network);
    return own.filter((block) => this.holderOf(network, block) === undefined);
  }

  /** Another host that holds (part of) a block which this one used to have. */
  holderOf(network: string, block: Cidr4): string | undefined {
    const exact = this.#options.mirror.blocks.get(this.#blockKey(network, block));
    if (exact) return exact.value.hostId === this.identity.hostId ? undefined : exact.value.hostId;
    return undefined;
  }

  /** Who claimed an address, as far as this host has heard. */
  claimOf(network: string, ip: string): AddressValue | undefined {
    return this.#options.mirror.addresses.get(renderKey({ at: 'address', network, ip }))?.value;
  }

  async claimBlock(network: string, subnet: Cidr4, prefix: number): Promise<Cidr4> {
    const { link } = this.#options;
    if (link.refusal) throw link.refusal;
    const [first] = await this.blocks(network);
    return first ?? this.#claimNew(network, subnet, prefix);
  }

  async claimAnother(network: string, subnet: Cidr4, prefix: number): Promise<Cidr4> {
    refuseTooMany(network, (await this.blocks(network)).length);
    return this.#claimNew(network, subnet, prefix);
  }

  async releaseBlock(network: string, block: Cidr4): Promise<boolean> {
    const { sqlite, link } = this.#options;
    const cidr = renderCidr4(block);
    if (!(await this.blocks(network)).some((own) => renderCidr4(own) === cidr)) return false;
    if (link.state !== 'joined') throw link.unavailable(`give ${cidr} back`);
    await this.#give(this.#blockKey(network, block));
    await sqlite.releaseBlock(network, block);
    this.#options.onClaims();
    return true;
  }

  async claimAddress(wish: AddressWish): Promise<AddressClaim> {
    const { sqlite } = this.#options;
    const { network, owner, ip } = wish;
    const asked = ip === undefined ? undefined : renderIpv4(ip);
    const held = (await sqlite.addresses(network)).find((own) => own.owner === owner && (asked ?? own.ip) === own.ip);
    if (held && this.claimOf(network, held.ip)?.hostId === held.hostId) return held;
    for (let tries = 1; tries <= maxTries; tries += 1) {
      const wanted = asked ?? (tries === 1 ? held?.ip : undefined);
      const candidate = wanted ?? renderIpv4(this.#freeAddress(wish, tries));
      const value: AddressValue = { hostId: this.identity.hostId, owner };
      const holder = await this.#claim<AddressValue>(renderKey({ at: 'address', network, ip: candidate }), value);
      const claim = { network, ip: candidate, ...holder };
      if (holder.hostId === value.hostId && holder.owner === owner) {
        sqlite.addAddress(network, candidate, owner);
        return claim;
      }
      if (asked !== undefined) return claim;
    }
    throw busy(`claim an address of ${network}`);
  }

  async releaseAddress(network: string, ip: string, owner: string): Promise<boolean> {
    const { sqlite, link } = this.#options;
    const own = (await sqlite.addresses(network)).some((claim) => claim.ip === ip && claim.owner === owner);
    if (!own) return false;
    if (link.state !== 'joined') throw link.unavailable(`give ${ip} back`);
    await this.#give(renderKey({ at: 'address', network, ip }));
    return sqlite.releaseAddress(network, ip, owner);
  }

  addresses(network: string): Promise<readonly AddressClaim[]> {
    return this.#options.sqlite.addresses(network);
  }

  async recall(bootId: string): Promise<RememberedRecord[]> {
    const remembered = await this.#options.sqlite.recall(bootId);
    this.#options.publish(
      remembered.map(({ source, record }) => ({ source, key: `${record.kind}/${record.id}`, record })),
    );
    return remembered;
  }

  async remember(changes: readonly RecordChange[]): Promise<void> {
    await this.#options.sqlite.remember(changes);
  }

  async close(): Promise<void> {
    await this.#options.close();
    await this.#options.sqlite.close();
  }

  async #claimNew(network: string, subnet: Cidr4, prefix: number): Promise<Cidr4> {
    const { sqlite, onClaims } = this.#options;
    const { hostId } = this.identity;
    const order = 1 + Math.max(-1, ...sqlite.ownBlocks(network).map(({ number }) => number));
    for (let tries = 1; tries <= maxTries; tries += 1) {
      const free = freeBlocks(subnet, prefix, this.#takenBlocks(network), tries === 1 ? 1 : spread);
      const block = free[Math.floor(Math.random() * free.length)]!;
      const value: BlockValue = { hostId, order };
      const holder = await this.#claim<BlockValue>(this.#blockKey(network, block), value);
      if (holder.hostId !== hostId) continue;
      sqlite.addBlock(network, block, order);
      onClaims();
      return block;
    }
    throw busy(`claim a block of ${network}`);
  }

  #takenBlocks(network: string): Cidr4[] {
    const { mirror, sqlite } = this.#options;
    const theirs = [...mirror.blocks.values()].flatMap(({ value }) =>
      value.network === network ? (parseCidr4(value.cidr) ?? []) : [],
    );
    return [...theirs, ...sqlite.ownBlocks(network).map(({ block }) => block)];
  }

  #freeAddress({ network, subnet, exclude }: AddressWish, tries: number): Ipv4 {
    const isTaken = (ip: Ipv4): boolean => exclude.has(ip) || this.claimOf(network, renderIpv4(ip)) !== undefined;
    const free = freeAddresses(subnet, isTaken, tries === 1 ? 1 : spread);
    return free[Math.floor(Math.random() * free.length)]!;
  }

  /** Who holds the key now: this host, or the one that was first. */
  async #claim<V extends BlockValue | AddressValue>(key: string, value: V): Promise<V> {
    const { link, mirror } = this.#options;
    const text = JSON.stringify(value);
    const result = await link.transact([{ key, created: 0 }], [{ put: key, value: text }], [key]);
    if (result.done) {
      const { revision } = result;
      mirror.apply([{ put: { key, value: text, created: revision, modified: revision } }]);
      return value;
    }
    const found = result.found[0];
    if (!found) throw link.unavailable(`claim ${key}`);
    mirror.apply([{ put: found }]);
    const known = mirror.blocks.get(key) ?? mirror.addresses.get(key);
    if (known) return known.value as unknown as V;
    throw new SuiteError('RECORD_INVALID', `claim ${key}: what lies there is not well-formed`, {
      hint: `look at it, and remove it if it is nobody's: etcdctl get ${key}`,
    });
  }

  /** Gives a key of this host back, if it still is this host's. Without the store it is given back when that is at hand. */
  async #give(key: string): Promise<void> {
    const { link, mirror } = this.#options;
    const entry = mirror.blocks.get(key) ?? mirror.addresses.get(key);
    if (!entry || entry.value.hostId !== this.identity.hostId || link.state !== 'joined') return;
    const { done, revision } = await link.transact([{ key, modified: entry.modified }], [{ drop: key }]);
    if (done) mirror.apply([{ drop: key, modified: revision }]);
  }

  #blockKey(network: string, block: Cidr4): string {
    return renderKey({ at: 'block', network, cidr: renderCidr4(block) });
  }
}

function busy(attempted: string): SuiteError {
  return new SuiteError('BUSY', `${attempted}: other hosts were quicker ${maxTries} times`, { hint: 'try again' });
}
