// Pure: the files that a host and a container of a lab begin with.
import { serviceAddress } from '../../shared/model/networks.ts';
import { etcdEndpoint, hostsOf, inside6, type LabPlan, type PlannedHost, underlay } from './plan-lab.ts';

/** The network that containers join unless told otherwise. */
export const ownNetwork = 'corral';

/** corral.yaml of a host; JSON is YAML too. `more` are further keys, which win; `patience` as in effects/patience.ts. */
export function hostConfig(
  plan: LabPlan,
  host: PlannedHost,
  more: Readonly<Record<string, unknown>> = {},
  patience = 1,
): string {
  // Nobody else makes this store's cluster: the usual wait of a first host would only cost time.
  const etcd = {
    kind: 'etcd',
    endpoints: [etcdEndpoint],
    joinWait: 1,
    lease: Math.min(300, Math.round(10 * patience)),
  };
  const config = {
    host: { name: host.name, agentIp: host.address, labels: { lab: plan.name } },
    store: plan.store === 'etcd' ? etcd : { kind: 'sqlite' },
    engines: [],
    networks: [{ name: ownNetwork, driver: plan.driver, default: true, ...(plan.ipv6 && { subnet6: inside6 }) }],
    // A lab is for tests: where the kernel cannot encrypt, charon may.
    ...(plan.driver === 'ipsec' ? { overlay: { ipsecUserSpace: 'allow' } } : {}),
    ...more,
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

export function hostResolvConf(): string {
  return `nameserver ${underlay.router}\n`;
}

/** Every host knows the others by name, as a real one might from its DNS. */
export function hostsFile(plan: LabPlan): string {
  const lines = hostsOf(plan).map(({ name, address }) => `${address} ${name}`);
  return ['127.0.0.1 localhost', '::1 localhost', ...lines, ''].join('\n');
}

export function containerResolvConf(zone = 'rancher.internal'): string {
  return `search ${zone}\nnameserver ${serviceAddress}\n`;
}

/** A container that was given no labels belongs to this service. */
export const labService = { 'io.rancher.stack_service.name': 'lab/web' } as const;
