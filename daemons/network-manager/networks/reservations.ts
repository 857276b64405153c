// Addresses of this host's blocks that are somebody's already, although no lease says so: of containers that corral.yaml
// declares, and of other hosts' containers that asked for an address outside their own blocks.
import { existsSync } from 'node:fs';
import type { Config } from '../../shared/daemon/config.ts';
import { contains, type Ip, parseIp, renderCidr, renderIp } from '../../shared/model/ip.ts';
import type { ContainerObject, HostObject } from '../../shared/model/objects.ts';
import type { Paths } from '../../shared/model/paths.ts';
import type { SharedMap } from '../../shared/model/shared-map.ts';
import type { Snapshot } from '../../shared/model/snapshot.ts';
import { eachInSlices } from '../../shared/reconcile/in-slices.ts';
import type { WantNetwork } from './want-networks.ts';

type DeclaredContainer = Config['declared']['containers'][number];
/** Address to the name of the container that shall have it; one of another host is called by both names, as no container here is. */
export type Reserved = ReadonlyMap<Ip, string>;

/** Fewer are read at once. */
const atOnce = 100;

interface Candidate {
  readonly network: string;
  readonly name: string;
  readonly ips: readonly Ip[];
}

export class Reservations {
  readonly #paths: Pick<Paths, 'leases'>;
  #declared: readonly DeclaredContainer[];
  #hostId: string | undefined;
  #containers: SharedMap<ContainerObject> | undefined;
  #hosts: SharedMap<HostObject> | undefined;
  readonly #candidates = new Map<string, Candidate>();
  readonly #unread = new Set<string>();
  /** Those of the last call of `of`, by name. */
  #networks: ReadonlyMap<string, WantNetwork> = new Map();

  constructor(paths: Pick<Paths, 'leases'>, declared: readonly DeclaredContainer[]) {
    this.#paths = paths;
    this.#declared = declared;
  }

  useDeclared(declared: readonly DeclaredContainer[]): void {
    this.#declared = declared;
  }

  /** True if other addresses may be reserved than before. */
  take(snapshot: Snapshot): boolean {
    const before = this.#hostId === snapshot.hostId ? this.#containers : undefined;
    const containers = snapshot.table('container');
    this.#hostId = snapshot.hostId;
    this.#containers = containers;
    this.#hosts = snapshot.table('host');
    if (!before) this.#candidates.clear();
    for (const id of before ? containers.keysUnlike(before) : containers.keys()) this.#unread.add(id);
    if (this.#unread.size > atOnce) return true;
    let changed = false;
    for (const id of this.#unread) changed = this.#read(id) || changed;
    return changed;
  }

  /** By network. */
  async of(snapshot: Snapshot, networks: readonly WantNetwork[]): Promise<ReadonlyMap<string, Reserved>> {
    const byName = new Map(networks.map((network) => [network.name, network]));
    if (rangesOf(byName) !== rangesOf(this.#networks)) {
      for (const id of snapshot.table('container').keys()) this.#unread.add(id);
    }
    this.#networks = byName;
    await eachInSlices(this.#unread, (id) => this.#read(id));
    const reserved = new Map(networks.map(({ name }) => [name, new Map<Ip, string>()]));
    for (const { network, name, ips } of this.#candidates.values()) {
      for (const ip of ips) reserved.get(network)?.set(ip, name);
    }
    for (const [ip, name, network] of declaredAddresses(this.#declared, snapshot, byName)) {
      reserved.get(network)?.set(ip, name);
    }
    return reserved;
  }

  /** True if it counts otherwise than before. */
  #read(id: string): boolean {
    this.#unread.delete(id);
    const before = this.#candidates.get(id);
    const container = this.#containers?.get(id);
    const next = container && this.#candidateOf(container);
    if (next) this.#candidates.set(id, next);
    else this.#candidates.delete(id);
    return JSON.stringify(textOf(next)) !== JSON.stringify(textOf(before));
  }

  /**
   * Local ones without an engine are declared, unless a lease says that it is a bare namespace. Of other hosts' those count that
   * have an address in one of our blocks; where nobody has blocks, the store keeps addresses apart.
   */
  #candidateOf({
    hostId,
    network: name,
    externalId,
    ips: texts,
    ...container
  }: ContainerObject): Candidate | undefined {
    const network = this.#networks.get(name ?? '');
    const isLocal = hostId === this.#hostId;
    if (!network || (isLocal ? externalId !== null : network.flat)) return undefined;
    const ips = texts.flatMap((text) => parseIp(text) ?? []);
    const kept = ips.filter((ip) => (isLocal ? !this.#isLeased(network, ip) : isOurs(network, ip)));
    const owner = isLocal ? container.name : elsewhere(container.name, this.#hosts?.get(hostId)?.name ?? hostId);
    return kept.length === 0 ? undefined : { network: network.name, name: owner, ips: kept };
  }

  #isLeased({ name }: WantNetwork, ip: Ip): boolean {
    return existsSync(`${this.#paths.leases}/${name}/addresses/${renderIp(ip)}`);
  }
}

function textOf(candidate: Candidate | undefined): readonly string[] {
  return candidate ? [candidate.network, candidate.name, ...candidate.ips.map(renderIp)] : [];
}

function rangesOf(networks: ReadonlyMap<string, WantNetwork>): string {
  const rangesOfOne = ({ name, cidrs, six, flat }: WantNetwork): string =>
    `${name} ${flat} ${[...cidrs, ...(six?.cidrs ?? [])].map(renderCidr).join()}`;
  return [...networks.values()].map(rangesOfOne).join(';');
}

/** A container of that name here is another one, and shall not get the address. */
function elsewhere(name: string, host: string): string {
  return `${name} on ${host}`;
}

function isOurs({ cidrs, six }: WantNetwork, ip: Ip): boolean {
  return [...cidrs, ...(six?.cidrs ?? [])].some((cidr) => contains(cidr, ip));
}

/** Declared for this host, or in one of its blocks. */
function* declaredAddresses(
  declared: readonly DeclaredContainer[],
  snapshot: Snapshot,
  networks: ReadonlyMap<string, WantNetwork>,
): Generator<[ip: Ip, name: string, network: string]> {
  const standard = [...snapshot.all('network')].find(({ isDefault }) => isDefault);
  const host = snapshot.get('host', snapshot.hostId);
  for (const { name, network = standard?.name, host: wanted, ips = [] } of declared) {
    const known = networks.get(network ?? '');
    if (!known) continue;
    const isHere = wanted === undefined || wanted === host?.name;
    for (const ip of ips.flatMap((text) => parseIp(text) ?? [])) {
      if (isHere || isOurs(known, ip)) yield [ip, isHere ? name : elsewhere(name, wanted), known.name];
    }
  }
}
