// Pure: what the page is told, and what that is made from. Times are milliseconds since the epoch, lists are bounded.
import type { Driver } from '../../shared/model/objects.ts';
import type { Snapshot } from '../../shared/model/snapshot.ts';
import type { HostList, StoreStatus } from '../cli/render-cluster.ts';
import type { Peer, Tunnel } from '../cli/render-peers.ts';
import type { DaemonState, SuiteStatus } from '../describe-status.ts';
import type { SuiteEvent } from '../events/event.ts';

/** What is known at one moment. Null: the daemon that knows it does not answer. */
export interface Facts {
  readonly suite: SuiteStatus;
  /** When it was told. */
  readonly suiteAt: number;
  readonly zone: string;
  /** The last one that metadata told; undefined before the first. */
  readonly snapshot: Snapshot | undefined;
  /** False: metadata is away, and the snapshot may be old. */
  readonly isFresh: boolean;
  readonly store: StoreStatus | null;
  /** Asked only while a host is gone, for how long it is. */
  readonly hosts: HostList | null;
  readonly hostsAt: number;
  readonly peers: readonly Peer[] | null;
  readonly peersAt: number;
  /** The oldest first. */
  readonly events: readonly SuiteEvent[];
}

/** The first of many, in an order that puts what is wrong at the front. */
export interface Few<T> {
  readonly shown: readonly T[];
  /** How many match the filter. */
  readonly matching: number;
  readonly total: number;
}

export type Level = 'bad' | 'warn';

/** Something that is wrong, for people. */
export interface Trouble {
  readonly level: Level;
  /** In few words what is lost: `h3 does not answer`. */
  readonly title: string;
  /** What was seen, a line each. */
  readonly lines: readonly string[];
  readonly since: number | null;
  readonly code: string | null;
  readonly hint: string | null;
}

export interface SuiteView {
  readonly host: string;
  readonly version: string;
  readonly zone: string;
  readonly state: SuiteStatus['state'];
  readonly launcher: SuiteStatus['launcher'];
  readonly store: { readonly kind: string; readonly state: string; readonly text: string } | null;
  readonly isFresh: boolean;
  /** The words that the lists are filtered by. */
  readonly filter: string;
  readonly counts: {
    readonly hosts: number;
    readonly hostsWell: number;
    readonly containers: number;
    readonly containersWell: number;
    readonly services: number;
    readonly tunnels: number;
    readonly tunnelsUp: number;
  };
}

/** `lost`: no tunnel to it answers; `gone`: it keeps no lease in the store; `part`: some of its tunnels do not answer. */
export type HostState = 'well' | 'part' | 'lost' | 'gone' | 'declared';

export interface HostView {
  readonly id: string;
  readonly name: string;
  readonly address: string | null;
  readonly isSelf: boolean;
  readonly state: HostState;
  /** When it began to be lost or gone. */
  readonly since: number | null;
  /** Of its fastest tunnel's last probe. */
  readonly rttMs: number | null;
  readonly blocks: readonly string[];
  readonly running: number;
  readonly unwell: number;
  readonly stopped: number;
}

export interface TunnelView {
  readonly host: string;
  readonly network: string;
  readonly driver: string;
  readonly address: string;
  readonly state: Peer['state'];
  readonly since: number | null;
  readonly rttMs: number | null;
  readonly isTooSmall: boolean;
  /** Of a driver that keeps secret what it carries; null with the others. */
  readonly session: { readonly state: Tunnel['state']; readonly rekeyedAt: number | null } | null;
}

export interface NetworkView {
  readonly name: string;
  readonly subnets: readonly string[];
  readonly driver: Driver;
  readonly vni: number | null;
  readonly bridge: string;
  readonly isDefault: boolean;
  readonly isFlat: boolean;
  readonly blocks: number;
  readonly containers: number;
}

export type ContainerLevel = 'well' | 'unwell' | 'stopped';

export interface ContainerView {
  readonly id: string;
  readonly name: string;
  readonly host: string;
  readonly network: string | null;
  readonly ips: readonly string[];
  readonly service: string | null;
  readonly ports: readonly string[];
  /** `running`, `running, unhealthy`, `host gone`, … */
  readonly state: string;
  readonly level: ContainerLevel;
}

export interface ServiceView {
  readonly name: string;
  /** The name that resolves to its containers. */
  readonly dns: string;
  readonly kind: string;
  readonly containers: number;
  readonly well: number;
  /** The first few. */
  readonly addresses: readonly string[];
}

export interface PortView {
  readonly host: string;
  /** `0.0.0.0:8080`. */
  readonly at: string;
  readonly protocol: string;
  readonly container: string;
  readonly containerPort: number;
}

export interface DaemonView {
  readonly name: string;
  readonly state: DaemonState;
  readonly isReady: boolean;
  readonly pid: number | null;
  readonly restarts: number;
  readonly lastEnd: string | null;
  readonly startedAt: number | null;
  /** Bytes, the proportional share where the kernel tells it. */
  readonly memory: number | null;
  /** Percent of one core. */
  readonly cpu: number | null;
  readonly wrong: readonly string[];
}

export interface EventView {
  readonly id: string;
  readonly time: number;
  readonly level: SuiteEvent['level'];
  readonly kind: SuiteEvent['kind'];
  /** With its host, where it has one. */
  readonly name: string;
  readonly text: string;
}

export interface View {
  readonly suite: SuiteView;
  readonly troubles: Few<Trouble>;
  readonly hosts: Few<HostView>;
  readonly tunnels: Few<TunnelView>;
  readonly networks: Few<NetworkView>;
  readonly containers: Few<ContainerView>;
  readonly services: Few<ServiceView>;
  readonly ports: Few<PortView>;
  readonly daemons: readonly DaemonView[];
  readonly events: Few<EventView>;
}
