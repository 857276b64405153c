// What metadata keeps beyond its own life. One interface for all stores; test/unit/metadata/store/conformance.ts holds each
// adapter to it.
import type { Cidr4 } from '../../shared/model/ipv4.ts';
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

export interface Store {
  readonly identity: Identity;
  /** Networks as they were last put to use, by name. */
  networks(): Promise<ReadonlyMap<string, NetworkPlan>>;
  saveNetwork(plan: NetworkPlan): Promise<void>;
  /** Forgets the network and gives this host's block of it back. */
  dropNetwork(name: string): Promise<void>;
  /** This host's block of the network: the one it has, else the lowest free one. Throws NO_BLOCK_LEFT. */
  claimBlock(network: string, subnet: Cidr4, prefix: number): Promise<Cidr4>;
  /** What sources last said. Containers of another boot are left out and forgotten: none outlives its boot. */
  recall(bootId: string): Promise<RememberedRecord[]>;
  /** All of the changes or none. */
  remember(changes: readonly RecordChange[]): Promise<void>;
  close(): Promise<void>;
}
