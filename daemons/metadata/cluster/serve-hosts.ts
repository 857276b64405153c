// GET and DELETE /v1/hosts: who belongs to the cluster, and the end of a host that will not come back.
import type { Context, Route } from '../../shared/daemon/http.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import type { HostObject } from '../../shared/model/objects.ts';
import { renderKey } from './keys.ts';
import type { ServeContext } from './serve-context.ts';

export function hostRoutes(context: ServeContext): Route[] {
  const path = /^\/v1\/hosts$/;
  return [
    { method: 'GET', path, handle: (http) => list(http, context) },
    { method: 'DELETE', path, handle: (http) => remove(http, context) },
  ];
}

function list(http: Context, { state: { snapshot }, store, cluster }: ServeContext): void {
  const containers = new Map<string, number>();
  for (const { hostId } of snapshot.all('container')) containers.set(hostId, (containers.get(hostId) ?? 0) + 1);
  const blocks = Map.groupBy(snapshot.all('block'), ({ hostId }) => hostId);
  const { clusterId, hostId } = store.identity;
  const hosts = [...snapshot.all('host')]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((host) => ({
      ...host,
      alive: host.alive ?? true,
      self: host.id === hostId,
      declared: host.id !== hostId && !isMember(host, cluster),
      goneMs: cluster?.goneMs(host.id) ?? null,
      blocks: (blocks.get(host.id) ?? []).map(({ network, cidr }) => ({ network, cidr })),
      containers: containers.get(host.id) ?? 0,
    }));
  http.body = {
    clusterId,
    store: cluster ? 'etcd' : 'sqlite',
    connected: cluster ? cluster.link.state === 'joined' : true,
    hosts,
  };
}

async function remove(http: Context, context: ServeContext): Promise<void> {
  const { cluster, store, poke } = context;
  const host = hostOf(http, context);
  const attempted = `remove ${host.name}`;
  if (host.id === store.identity.hostId) {
    throw new SuiteError('HOST_ALIVE', `${attempted}: it is this host`, { hint: 'ask another host' });
  }
  if (!cluster || !isMember(host, cluster)) {
    throw new SuiteError('CONFIG_DECIDES', `${attempted}: it is declared`, {
      hint: `take it out of declared.hosts in ${context.configPath}`,
    });
  }
  const blocks = await cluster.remove(host.id);
  poke();
  http.body = { removed: { id: host.id, name: host.name }, blocks };
}

function isMember(host: HostObject, cluster: ServeContext['cluster']): boolean {
  return cluster?.mirror.infos.get(renderKey({ at: 'info', host: host.id })) !== undefined;
}

function hostOf(http: Context, { state: { snapshot } }: ServeContext): HostObject {
  const { id, name } = http.query;
  if ((typeof id === 'string') === (typeof name === 'string'))
    throw new SuiteError('USAGE', 'remove a host', { hint: 'give either id or name' });
  const found = [...snapshot.all('host')].filter((host) =>
    typeof id === 'string' ? host.id === id : host.name === name,
  );
  if (found.length === 1) return found[0]!;
  const asked = String(id ?? name).slice(0, 80);
  if (found.length === 0)
    throw new SuiteError('TARGET_UNKNOWN', `find the host ${asked}`, { hint: 'corral host ls shows which there are' });
  throw new SuiteError('USAGE', `remove ${asked}: ${found.length} hosts have the name`, {
    hint: `give the id: ${found.map((host) => host.id).join(', ')}`,
  });
}
