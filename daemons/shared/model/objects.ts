// Pure: the objects of the snapshot, in the form in which they travel between the daemons (JSON, addresses as canonical text).

export const kinds = ['environment', 'host', 'network', 'block', 'container', 'stack', 'service', 'tunnel'] as const;
export type Kind = (typeof kinds)[number];

export type Labels = Readonly<Record<string, string>>;

/** The cluster as Rancher's clients know it: one environment. */
export interface EnvironmentObject {
  readonly kind: 'environment';
  readonly id: string;
  readonly name: string;
}

export interface HostObject {
  readonly kind: 'host';
  readonly id: string;
  readonly name: string;
  readonly hostname: string;
  readonly agentIp: string | null;
  readonly labels: Labels;
  /** Bytes. */
  readonly memory: number | null;
  /** Thousandths of a core. */
  readonly milliCpu: number | null;
  readonly localStorageMb: number | null;
  /** MAC of this host's VXLAN devices; absent: the host has no overlay (a declared one). */
  readonly vtepMac?: string;
  /** False while the host keeps no lease in the cluster's store; absent: alive. */
  readonly alive?: boolean;
}

export const drivers = ['vxlan', 'ipsec', 'wireguard', 'none'] as const;
export type Driver = (typeof drivers)[number];

/** Drivers whose networks' packets are never to be seen in the clear between hosts. */
export function isSecret(driver: Driver): driver is 'ipsec' | 'wireguard' {
  return driver === 'ipsec' || driver === 'wireguard';
}

export interface NetworkObject {
  readonly kind: 'network';
  readonly id: string;
  readonly name: string;
  /** CIDR of the whole network, over all hosts. */
  readonly subnet: string;
  /** Prefix length of one host's block. */
  readonly block: number;
  /** `none`: a flat network, whose addresses are claimed one by one; absent: each host owns blocks. */
  readonly blocks?: 'none';
  /** IPv6 range beside the subnet; absent: IPv4 alone. */
  readonly subnet6?: string;
  /** Prefix length of the IPv6 part that goes with one block; present with `subnet6`. */
  readonly block6?: number;
  /** VXLAN network identifier (RFC 7348); absent with other drivers. */
  readonly vni?: number;
  /** True: hosts on one link exchange packets without the tunnel. */
  readonly direct?: true;
  readonly driver: Driver;
  readonly isDefault: boolean;
  /** Bytes; null derives it from the uplink. */
  readonly mtu: number | null;
  readonly hostPorts: boolean;
  /** CNI configurations by file name; absent: Corral's own plugins make the network. */
  readonly cniConfig?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly bridge: string;
}

/** A part of a network's subnet that one host owns. The id is `<network name>/<cidr>`. */
export interface BlockObject {
  readonly kind: 'block';
  readonly id: string;
  readonly network: string;
  readonly cidr: string;
  /** The IPv6 part that goes with it, if the network has IPv6. */
  readonly cidr6?: string;
  readonly hostId: string;
  /** True for a further block of its host; absent: the one that holds the gateway of the bridge. */
  readonly extra?: true;
}

export const containerStates = ['starting', 'running', 'stopping', 'stopped'] as const;
export type ContainerState = (typeof containerStates)[number];

export const healthStates = ['healthy', 'unhealthy', 'initializing'] as const;
export type HealthState = (typeof healthStates)[number];

/** What network-manager (or a declaration) says of a container. */
export interface ContainerRecord {
  readonly kind: 'container';
  readonly id: string;
  readonly name: string;
  /** The engine's id; null for a bare namespace or a declared container. */
  readonly externalId: string | null;
  readonly hostId: string;
  /** Name of the network it is attached to. */
  readonly network: string | null;
  /** First is primary. */
  readonly ips: readonly string[];
  readonly mac: string | null;
  /** `ip:hostPort:containerPort/proto`. */
  readonly ports: readonly string[];
  readonly labels: Labels;
  readonly state: ContainerState;
  readonly health: HealthState | null;
  readonly hostname: string | null;
  /** Milliseconds since the epoch; orders containers of a service. */
  readonly createdAt: number;
  readonly startCount: number;
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  /** Alias to the name of the container that it stands for, for this container alone; absent: none. */
  readonly links?: Labels;
  /** Id of the container whose network namespace this one shares. */
  readonly networkFrom: string | null;
  readonly system: boolean;
}

/** A container of the snapshot: the record and what metadata derived for it. */
export interface ContainerObject extends ContainerRecord {
  readonly stackId: string | null;
  readonly stackName: string | null;
  readonly serviceId: string | null;
  /** Own launch configuration's name: the sidekick's for a sidekick. */
  readonly serviceName: string | null;
  /** Number inside the service, as text as in the original. */
  readonly serviceIndex: string | null;
}

export interface StackObject {
  readonly kind: 'stack';
  readonly id: string;
  readonly name: string;
  readonly system: boolean;
}

export interface HealthCheck {
  readonly port?: number | undefined;
  /** Milliseconds, as the next. */
  readonly interval?: number | undefined;
  readonly responseTimeout?: number | undefined;
  readonly healthyThreshold?: number | undefined;
  readonly unhealthyThreshold?: number | undefined;
  readonly requestLine?: string | undefined;
}

/** A launch configuration. A sidekick shares its primary's `uuid` and has its own name. */
export interface ServiceObject {
  readonly kind: 'service';
  /** Unique: UUIDv5 of environment and stack/service (stack/primary/sidekick for a sidekick). */
  readonly id: string;
  /** As Rancher's clients see it: the primary's id. */
  readonly uuid: string;
  readonly name: string;
  readonly stackId: string;
  readonly stackName: string;
  readonly primaryServiceName: string;
  readonly sidekicks: readonly string[];
  /** Rancher's kind: service, externalService, dnsService, … */
  readonly serviceKind: string;
  /** In order of service_index. */
  readonly containerIds: readonly string[];
  /** `stack/service` to alias. */
  readonly links: Labels;
  readonly ports: readonly string[];
  readonly expose: readonly string[];
  readonly labels: Labels;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly scale: number | null;
  readonly hostname: string | null;
  readonly externalIps: readonly string[];
  readonly vip: string | null;
  readonly createIndex: number | null;
  readonly system: boolean;
  /** True when a health check decides which containers are published. */
  readonly hasHealthCheck: boolean;
  /** As declared; absent: none is known. */
  readonly healthCheck?: HealthCheck;
  /** A load balancer's rules in Rancher's field names, shown as they are. */
  readonly lbConfig?: Readonly<Record<string, unknown>>;
  readonly fqdn?: string;
}

/** Public keys in base64: the one in use, then the next one if it is announced. */
export type PublicKeys = readonly string[];

/**
 * What a host tells of its ends of secret tunnels; the id is the host's. Never a private key. `signature` (Ed25519, by the key
 * `identity`) covers what the others rely on, so that whoever can write to the store cannot put other keys in place.
 */
export interface TunnelObject {
  readonly kind: 'tunnel';
  readonly id: string;
  readonly hostId: string;
  /** Raw Ed25519 public key in base64; does not change in the life of a host. */
  readonly identity: string;
  /** Counts up with each change of the keys: what is older than something that was seen is refused. */
  readonly serial: number;
  /** Raw X25519 keys, and the UDP port of the default network. */
  readonly wireguard?: { readonly keys: PublicKeys; readonly port: number };
  /** Keys as SubjectPublicKeyInfo, DER. */
  readonly ipsec?: { readonly keys: PublicKeys };
  /** Announced keys of others that this host is ready for: their serial by host id. */
  readonly ready?: Readonly<Record<string, number>>;
  readonly signature: string;
}

export type SnapshotObject =
  | EnvironmentObject
  | HostObject
  | NetworkObject
  | BlockObject
  | ContainerObject
  | StackObject
  | ServiceObject
  | TunnelObject;

/** The object type of a kind. */
export type ObjectOf<K extends Kind> = Extract<SnapshotObject, { kind: K }>;

/** What a source may report upward. */
export type SourceRecord = ContainerRecord | HostObject | TunnelObject;

/** `kind/id`, unique in a snapshot. */
export type Key = `${Kind}/${string}`;

export function keyOf(object: { readonly kind: Kind; readonly id: string }): Key {
  return `${object.kind}/${object.id}`;
}
