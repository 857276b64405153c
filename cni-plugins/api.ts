// Pure: what a host of the library sees. library.ts makes it; network-manager and standalone.ts use it.
import type { Paths } from '../daemons/shared/model/paths.ts';
import type { AddressClaims } from './ipam/address-claims.ts';
import type { Lease } from './ipam/lease.ts';
import type { JsonObject } from './shared/json.ts';
import type { CniResult } from './shared/result.ts';

/** A runtime's call as a plugin receives it. */
export interface CniRequest {
  /** The name by which the plugin was called; what contains `ipam` is the IPAM plugin. Default: the config's `type`. */
  readonly program?: string;
  /** CNI_COMMAND and its kind; other variables are not looked at. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: string;
  /** Where the caller's file system is found, `/proc/<pid>/root`; '' or absent: it is our own. */
  readonly callerRoot?: string;
  /**
   * When this call began (milliseconds since the epoch), if a daemon that died may have done it: a lease that was made
   * since is the answer to ADD.
   */
  readonly since?: number;
}

/** What the plugin's process has to write, and the code to exit with. */
export interface CniReply {
  readonly exitCode: 0 | 1;
  readonly stdout: string;
  readonly stderr: string;
}

/** One interface of one container, for callers inside Corral. */
export interface AttachmentRef {
  readonly containerId: string;
  /** Default `eth0`. */
  readonly ifname?: string;
  /** Absolute path of the container's network namespace; DEL does without. */
  readonly netnsPath?: string;
  readonly callerRoot?: string;
  /** CNI_ARGS as a map. */
  readonly args?: Readonly<Record<string, string>>;
  /**
   * The network configuration (an element of a conflist, with `name` and `cniVersion`). `args.corral` may hold a
   * `CorralArgs`; see shared/corral-args.ts.
   */
  readonly config: JsonObject;
}

export interface Attached {
  readonly lease: Lease;
  readonly result: CniResult;
  /** Settles when `ahead.tell` has. */
  readonly told?: Promise<void>;
}

export type LeaseChange = 'added' | 'removed';

export interface Cni {
  /** Never rejects: a failure is a reply with exit code 1 and the CNI error on stdout. */
  handle(request: CniRequest): Promise<CniReply>;
  /** Connects a container. Rejects with SuiteError or CniError, having undone what it began. */
  add(ref: AttachmentRef): Promise<Attached>;
  /** Disconnects; nothing there is success. Returns the lease that was removed, if there was one. */
  del(ref: AttachmentRef): Promise<Lease | undefined>;
  /** Compares the attachment with the kernel and its lease; rejects naming the first difference. */
  check(ref: AttachmentRef): Promise<void>;
  /** Closes the netlink socket if the library opened it. */
  close(): void;
}

/** How long ADD and DEL wait for `onLease`. */
export const leaseHookMs = 50;

export interface CniSettings {
  readonly paths: Paths;
  /** Told of every lease, and waited for at most `leaseHookMs`; its failure does not fail the verb. */
  readonly onLease?: (lease: Lease, change: LeaseChange) => Promise<void> | void;
  /**
   * Told of a lease while its container is being connected, so that whoever needs time for it has a start; `takeBack` if the
   * ADD then fails. ADD waits for `tell` as for `onLease`. Neither may throw.
   */
  readonly ahead?: { tell(lease: Lease): Promise<void>; takeBack(lease: Lease): void };
  /** Who claims addresses of flat networks; by default metadata, on its socket. */
  readonly claims?: AddressClaims;
  /** Called after each named step of ADD; tests make it throw. */
  readonly afterStep?: (step: string) => void;
}
