// What several checks look at, gathered once: the configuration, the daemons, devices and routes, the networks. Every part is read
// when it is first asked for, and a part that cannot be had fails only the checks that need it.
import { type Config, loadConfig, parseConfig } from '../../shared/daemon/config.ts';
import { type Link, openNetlink, type Route } from '../../shared/effects/netlink.ts';
import type { Family } from '../../shared/model/ip.ts';
import { bridgeName } from '../../shared/model/networks.ts';
import type { Driver } from '../../shared/model/objects.ts';
import { type DaemonName, daemonSocket, type Paths } from '../../shared/model/paths.ts';
import { callJson } from '../../shared/source/call.ts';
import { askSuite } from '../ask-suite.ts';
import type { HostList, NetworkList, StoreStatus } from '../cli/render-cluster.ts';
import type { Peer } from '../cli/render-peers.ts';
import type { SuiteStatus } from '../describe-status.ts';
import { type AskedEtcd, askEtcd } from './ask-etcd.ts';
import { readLeases, type SeenLease } from './leases.ts';

/** Enough for a daemon that works hard, and less than a check may take. */
export const askMs = 3_000;

export interface SeenNetwork {
  readonly name: string;
  readonly subnet: string;
  readonly driver: Driver;
  readonly bridge: string;
  /** Prefix length of a host's block; null: a flat network. */
  readonly block: number | null;
  readonly isIpv6: boolean;
  /** Blocks that hosts own; empty when metadata does not answer. */
  readonly owned: readonly string[];
}

export class Scene {
  readonly paths: Paths;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #parts = new Map<string, unknown>();

  constructor(paths: Paths, environment: NodeJS.ProcessEnv) {
    this.paths = paths;
    this.#environment = environment;
  }

  /** @throws SuiteError CONFIG_*. */
  configured(): Config {
    return loadConfig(this.paths.config, this.#environment);
  }

  /** That of the file, or the defaults without an engine if the file cannot be used: the check of the configuration says so. */
  get config(): Config {
    return this.#once('config', () => {
      try {
        return this.configured();
      } catch {
        return parseConfig('', { CORRAL_ENGINES: '[]' }, this.paths.config);
      }
    });
  }

  suite(): Promise<SuiteStatus> {
    return this.#once('suite', () => askSuite(this.paths, askMs));
  }

  ask<T>(daemon: DaemonName, path: string): Promise<T> {
    return this.#once(`${daemon} ${path}`, () => {
      return callJson<T>(daemonSocket(this.paths, daemon), path, { timeoutMs: askMs });
    });
  }

  peers(): Promise<readonly Peer[]> {
    return this.ask<readonly Peer[]>('overlay', '/v1/peers');
  }

  store(): Promise<StoreStatus> {
    return this.ask<StoreStatus>('metadata', '/v1/store');
  }

  /** One sight for each endpoint; none where the store is a file. */
  etcd(): Promise<readonly AskedEtcd[]> {
    const { kind, endpoints, tls } = this.config.store;
    return this.#once('etcd', () =>
      Promise.all(kind === 'sqlite' ? [] : endpoints.map((endpoint) => askEtcd(endpoint, tls, askMs))),
    );
  }

  links(): Promise<readonly Link[]> {
    return this.#once('links', () => withNetlink((netlink) => netlink.listLinks()));
  }

  routes(): Promise<readonly Route[]> {
    return this.#once('routes', () => withNetlink((netlink) => netlink.listRoutes()));
  }

  /** Family of this host's agent address, by which its peers reach it; without metadata as the file has it, else IPv4. */
  underlay(): Promise<Family> {
    return this.#once('underlay', async () => {
      const { hosts } = await this.ask<HostList>('metadata', '/v1/hosts').catch(
        (): Pick<HostList, 'hosts'> => ({ hosts: [] }),
      );
      const agentIp = hosts.find(({ self }) => self)?.agentIp ?? this.config.host.agentIp;
      return agentIp?.includes(':') ? 6 : 4;
    });
  }

  leases(): readonly SeenLease[] {
    return this.#once('leases', () => readLeases(this.paths.leases));
  }

  /** As metadata has them; without it as the file proposes them. */
  networks(): Promise<readonly SeenNetwork[]> {
    return this.#once('networks', async () => {
      try {
        const { networks } = await this.ask<NetworkList>('metadata', '/v1/networks');
        return networks.map(({ name, subnet, driver, bridge, block, blocks, subnet6, owned }) => ({
          ...{ name, subnet, driver, bridge },
          block: blocks === 'none' ? null : block,
          isIpv6: subnet6 !== undefined,
          owned: owned.map(({ cidr }) => cidr),
        }));
      } catch {
        return this.config.networks.map((network) => ({
          ...{ name: network.name, subnet: network.subnet, driver: network.driver },
          bridge: bridgeName(network.name, network.default),
          block: network.blocks === 'none' ? null : network.block,
          isIpv6: network.subnet6 !== undefined,
          owned: [],
        }));
      }
    });
  }

  #once<T>(name: string, make: () => T): T {
    if (!this.#parts.has(name)) this.#parts.set(name, make());
    return this.#parts.get(name) as T;
  }
}

async function withNetlink<T>(work: (netlink: ReturnType<typeof openNetlink>) => Promise<T>): Promise<T> {
  const netlink = openNetlink();
  try {
    return await work(netlink);
  } finally {
    netlink.close();
  }
}
