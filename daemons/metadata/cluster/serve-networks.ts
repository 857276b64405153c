// GET, POST, PUT and DELETE /v1/networks. On a host of its own the configuration file decides, so that nothing can be changed here;
// in a cluster the store does.
import { parseNetwork } from '../../shared/daemon/config-network.ts';
import { type Context, type Route, readJson } from '../../shared/daemon/http.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import { type Driver, drivers, type NetworkObject } from '../../shared/model/objects.ts';
import { networkObject, planOf, withDriver } from '../derive-networks.ts';
import type { Cluster } from './cluster.ts';
import { obstacleOf, shared } from './cluster-networks.ts';
import { renderKey, root } from './keys.ts';
import { networkOf, type ServeContext } from './serve-context.ts';

export function networkRoutes(context: ServeContext): Route[] {
  const path = /^\/v1\/networks$/;
  return [
    { method: 'GET', path, handle: (http) => list(http, context) },
    { method: 'POST', path, handle: (http) => create(http, context) },
    { method: 'PUT', path, handle: (http) => change(http, context) },
    { method: 'DELETE', path, handle: (http) => remove(http, context) },
  ];
}

function list(http: Context, { state, cluster }: ServeContext): void {
  const { snapshot } = state;
  const attached = new Map<string | null, number>();
  for (const { network } of snapshot.all('container')) attached.set(network, (attached.get(network) ?? 0) + 1);
  const blocks = [...snapshot.all('block')];
  const networks = [...snapshot.all('network')].sort(byDefaultThenName).map((network) => ({
    ...network,
    owned: blocks
      .filter((block) => block.network === network.name)
      .map(({ cidr, cidr6, hostId }) => ({ cidr, cidr6, hostId, host: snapshot.get('host', hostId)?.name ?? null })),
    attached: attached.get(network.name) ?? 0,
  }));
  http.body = { authority: cluster ? 'store' : 'file', networks };
}

function byDefaultThenName(a: NetworkObject, b: NetworkObject): number {
  return Number(b.isDefault) - Number(a.isDefault) || (a.name < b.name ? -1 : 1);
}

async function create(http: Context, context: ServeContext): Promise<void> {
  const plan = shared(planOf(parseNetwork(await readJson(http))));
  const cluster = clusterOf(context, `make the network ${plan.name}`);
  const others = cluster.networks();
  const same = others.find(({ name }) => name === plan.name);
  if (same) throw exists(plan.name);
  const obstacle = obstacleOf(plan, others);
  if (obstacle) throw new SuiteError(obstacle.code, `make the network ${plan.name}: ${obstacle.text}`);
  const key = renderKey({ at: 'network', name: plan.name });
  const value = JSON.stringify(plan);
  const { done, revision, found } = await cluster.link.transact([{ key, created: 0 }], [{ put: key, value }], [key]);
  if (!done && found.length > 0) throw exists(plan.name);
  if (!done) throw cluster.link.unavailable(`make the network ${plan.name}`);
  cluster.wrote([{ put: { key, value, created: revision, modified: revision } }]);
  http.status = 201;
  http.body = networkObject(context.store.identity.clusterId, plan);
}

/** The driver alone: ranges belong to containers, and what else a network has follows from its making. */
async function change(http: Context, context: ServeContext): Promise<void> {
  const { name, driver } = parseChange(await readJson(http));
  const attempted = `change the network ${name}`;
  const cluster = clusterOf(context, attempted);
  networkOf(context, name);
  const key = renderKey({ at: 'network', name });
  const entry = cluster.mirror.networks.get(key);
  if (!entry) throw new SuiteError('NETWORK_UNKNOWN', attempted);
  const plan = withDriver(shared(entry.value), driver);
  const obstacle = obstacleOf(
    plan,
    cluster.networks().filter((other) => other.name !== name),
  );
  if (obstacle) throw new SuiteError(obstacle.code, `${attempted}: ${obstacle.text}`);
  const value = JSON.stringify(plan);
  const { done, revision } = await cluster.link.transact([{ key, modified: entry.modified }], [{ put: key, value }]);
  if (!done) throw new SuiteError('BUSY', `${attempted}: it changes meanwhile`, { hint: 'try again' });
  cluster.wrote([{ put: { key, value, created: entry.created, modified: revision } }]);
  http.body = networkObject(context.store.identity.clusterId, plan);
}

function parseChange(body: unknown): { name: string; driver: Driver } {
  const { name, driver, ...others } = (body ?? {}) as Record<string, unknown>;
  const known = drivers.find((one) => one === driver);
  const hint = `give a name and a driver: ${drivers.join(', ')}`;
  if (typeof name !== 'string' || !known) throw new SuiteError('USAGE', 'change a network', { hint });
  const [other] = Object.keys(others);
  if (other !== undefined)
    throw new SuiteError('USAGE', `change ${other.slice(0, 40)} of the network ${name}`, { hint });
  return { name, driver: known };
}

async function remove(http: Context, context: ServeContext): Promise<void> {
  const name = String(http.query.name ?? '');
  const cluster = clusterOf(context, `remove the network ${name.slice(0, 80)}`);
  const network = networkOf(context, name);
  refuseInUse(network, context);
  refuseProposed(name, context, cluster);
  const key = renderKey({ at: 'network', name });
  const entry = cluster.mirror.networks.get(key);
  if (!entry) throw new SuiteError('NETWORK_UNKNOWN', `remove the network ${name}`);
  const parts = [{ dropBelow: `${root}blocks/${name}/` }, { dropBelow: `${root}addresses/${name}/` }];
  const { done, revision } = await cluster.link.transact(
    [{ key, modified: entry.modified }],
    [{ drop: key }, ...parts],
  );
  if (!done) throw new SuiteError('BUSY', `remove the network ${name}: it changes meanwhile`, { hint: 'try again' });
  cluster.wrote([{ drop: key, modified: revision }]);
  http.body = { removed: name };
}

function refuseInUse(network: NetworkObject, { state: { snapshot } }: ServeContext): void {
  const { name } = network;
  if (network.isDefault) {
    throw new SuiteError('NETWORK_IN_USE', `remove the network ${name}: it is the default one`, {
      hint: 'containers without a network of their own are attached to it',
    });
  }
  const hosts = new Set<string>();
  for (const container of snapshot.all('container')) {
    if (container.network === name) hosts.add(snapshot.get('host', container.hostId)?.name ?? container.hostId);
  }
  if (hosts.size === 0) return;
  throw new SuiteError('NETWORK_IN_USE', `remove the network ${name}: containers are attached on ${named(hosts)}`, {
    hint: 'detach them first',
  });
}

/** It would only come back. */
function refuseProposed(name: string, { config }: ServeContext, cluster: Cluster): void {
  const hosts = new Set<string>();
  if (config().networks.some((network) => network.name === name)) hosts.add('this host');
  for (const { value } of cluster.mirror.infos.values())
    if (value.proposes.includes(name)) hosts.add(value.object.name);
  if (hosts.size === 0) return;
  throw new SuiteError('CONFIG_DECIDES', `remove the network ${name}: corral.yaml of ${named(hosts)} names it`, {
    hint: 'take it out of the files first',
  });
}

function named(hosts: ReadonlySet<string>): string {
  const all = [...hosts].sort();
  return all.length > 5 ? `${all.slice(0, 5).join(', ')} and ${all.length - 5} more` : all.join(', ');
}

function clusterOf({ cluster, configPath }: ServeContext, attempted: string): Cluster {
  if (cluster) return cluster;
  throw new SuiteError('CONFIG_DECIDES', `${attempted}: on a host of its own the file decides`, {
    hint: `change networks in ${configPath}, then send SIGHUP to metadata (corral up does it)`,
  });
}

function exists(name: string): SuiteError {
  return new SuiteError('NETWORK_EXISTS', `make the network ${name}: it exists`, {
    hint: 'corral network ls shows it',
  });
}
