// Pure: what a driver of the overlay is to the rest of the daemon. A driver brings the kernel to what its networks want, and
// knows the state that it left there, so that a small change costs a small write.
import type { Driver as DriverName } from '../shared/model/objects.ts';
import type { Notice } from './echo.ts';
import type { HostFacts } from './host-facts.ts';
import type { DriverKeys } from './keys/driver-keys.ts';
import type { Fault, GuardedNetwork, OverlayNetwork, Peer } from './overlay-network.ts';

/** What a device's name or a port follows from. */
export type NetworkName = Pick<OverlayNetwork, 'name' | 'vni'>;

export interface DriverWish {
  /** Those of this driver. */
  readonly networks: readonly OverlayNetwork[];
  /** Those of this driver that must not be seen in the clear, connected or not. */
  readonly guarded: readonly GuardedNetwork[];
  readonly facts: HostFacts;
  /** False: only what is missing may be added. */
  readonly complete: boolean;
  /** Present for a driver that is secret. */
  readonly keys?: DriverKeys;
}

export interface Outcome {
  /** Lines for the log; the count of writes is `writes`, since a thousand lines are of no use. */
  readonly done: readonly string[];
  readonly writes: number;
  /** What the kernel tells of the writes, a notice for each; absent: not known. */
  readonly notices?: readonly Notice[];
  readonly faults: readonly Fault[];
  /** What the kernel refused; the rest was carried out. */
  readonly failed: readonly { readonly text: string; readonly error: unknown }[];
}

/** What a secret driver knows of its way to one peer. Times in milliseconds; null: never, or none. */
export interface Session {
  readonly network: string;
  readonly hostId: string;
  /** `none`: nobody tries; with a host that is cut off, or before there are keys. */
  readonly state: 'established' | 'connecting' | 'none';
  /** Since the keys that are in use now were agreed upon (WireGuard: handshake; IPsec: CHILD_SA). */
  readonly lastRekeyMs: number | null;
  /** Since there has been a session without a gap, if the driver knows. */
  readonly ageMs: number | null;
  readonly rxBytes: number;
  readonly txBytes: number;
}

export interface OverlayDriver {
  readonly name: DriverName;
  /**
   * True: nothing of its networks may be sent, or be taken, in the clear. Rules see to that from before the first tunnel until
   * after the last, and the wish holds keys.
   */
  readonly secret: boolean;
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
  devices(network: NetworkName): readonly string[];
  /**
   * Of a secret driver: packets beside those of its devices that are no plaintext on the wire, as matches of iptables, `out`
   * when they leave (in POSTROUTING), `in` when they come (in PREROUTING).
   */
  passes?(network: NetworkName): { readonly out: readonly string[]; readonly in: readonly string[] };
  /** Outer packets that a firewall has to let in, as matches of iptables (`-p udp -m udp --dport 51820`). */
  inputs?(network: NetworkName): readonly string[];
  /** Of a secret driver; asked for by people, so it may read the kernel. @throws SuiteError if that fails. */
  sessions?(): Promise<readonly Session[]>;
  /** Ends what the driver runs in this process; what it made in the kernel stays. */
  close?(): Promise<void>;
}
