// Pure: what a driver of the overlay is to the rest of the daemon. A driver brings the kernel to what its networks want, and
// knows the state that it left there, so that a small change costs a small write.
import type { Driver as DriverName } from '../shared/model/objects.ts';
import type { HostFacts } from './host-facts.ts';
import type { Fault, OverlayNetwork, Peer } from './overlay-network.ts';

export interface DriverWish {
  /** Those of this driver. */
  readonly networks: readonly OverlayNetwork[];
  readonly facts: HostFacts;
  /** False: only what is missing may be added. */
  readonly complete: boolean;
}

export interface Outcome {
  /** Lines for the log; the count of writes is `writes`, since a thousand lines are of no use. */
  readonly done: readonly string[];
  readonly writes: number;
  readonly faults: readonly Fault[];
  /** What the kernel refused; the rest was carried out. */
  readonly failed: readonly { readonly text: string; readonly error: unknown }[];
}

export interface OverlayDriver {
  readonly name: DriverName;
  /** The largest packet that reaches a peer of a network whole. */
  mtu(network: OverlayNetwork, peer: Peer, facts: HostFacts): number;
  /** @throws SuiteError NETLINK_* if the kernel could not be read; then nothing was written. */
  keep(wish: DriverWish): Promise<Outcome>;
  /** What `keep` would do, as lines. Changes nothing. */
  diff(wish: DriverWish): Promise<string[]>;
  /** Somebody else may have changed something: look at everything again. */
  doubt(): void;
  /** True for the index of a device of its own. */
  owns(index: number): boolean;
  /** Names of the devices through which its networks' packets come and go. */
  devices(network: OverlayNetwork): readonly string[];
}
