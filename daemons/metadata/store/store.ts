// What metadata keeps beyond its own life. One interface for all stores; test/unit/metadata/store/conformance.ts holds each
// adapter to it.
import type { Cidr4, Ipv4 } from '../../shared/model/ipv4.ts';
import type { Key, SourceRecord } from '../../shared/model/objects.ts';
import type { NetworkPlan } from '../derive-networks.ts';

/** Made once, then kept. */
export interface Identity {
  readonly clusterId: string;
  readonly hostId: string;
}

/** A record set (value) or removed (undefined). */
export interface RecordChange {
  readonly source: string;
  readonly key: Key;
  readonly record: SourceRecord | undefined;
}

export interface RememberedRecord {
  readonly source: string;
  readonly record: SourceRecord;
}

/** An address of a flat network, or one outside the own blocks, asked for by or on behalf of `owner`. */
export interface AddressWish {
  readonly network: string;
  readonly subnet: Cidr4;
  readonly owner: string;
  /** Undefined: any. */
  readonly ip: Ipv4 | undefined;
  /** Not these, if any will do. */
  readonly exclude: ReadonlySet<Ipv4>;
}

export interface AddressClaim {
  readonly network: string;
  readonly ip: string;
  readonly owner: string;
  readonly hostId: string;
}

/** Blocks that one host may have of one network. */
export const maxBlocks = 16;

export interface Store {
  readonly identity: Identity;
  /** Networks as they were last put to use, by name. */
  networks(): Promise<ReadonlyMap<string, NetworkPlan>>;
  saveNetwork(plan: NetworkPlan): Promise<void>;
  /** Forgets the network and gives this host's blocks and addresses of it back. */
  dropNetwork(name: string): Promise<void>;
  /** This host's blocks of the network; the first holds the gateway. */
  blocks(network: string): Promise<readonly Cidr4[]>;
  /** This host's first block of the network: the one it has, else the lowest free one. Throws NO_BLOCK_LEFT. */
  claimBlock(network: string, subnet: Cidr4, prefix: number): Promise<Cidr4>;
  /** One more block. Throws NO_BLOCK_LEFT, also beyond `maxBlocks`. */
  claimAnother(network: string, subnet: Cidr4, prefix: number): Promise<Cidr4>;
  /** False if this host has no such block. */
  releaseBlock(network: string, block: Cidr4): Promise<boolean>;
  /** The claim that holds the address now: the wish's own, or another's. Throws ADDRESSES_EXHAUSTED. */
  claimAddress(wish: AddressWish): Promise<AddressClaim>;
  /** False if the owner has no such claim. */
  releaseAddress(network: string, ip: string, owner: string): Promise<boolean>;
  /** This host's claims. */
  addresses(network: string): Promise<readonly AddressClaim[]>;
  /** What sources last said. Containers of another boot are left out and forgotten: none outlives its boot. */
  recall(bootId: string): Promise<RememberedRecord[]>;
  /** All of the changes or none. */
  remember(changes: readonly RecordChange[]): Promise<void>;
  close(): Promise<void>;
}
