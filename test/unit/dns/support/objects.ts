// Objects of a snapshot with everything that a test does not care about filled in.
import type { ContainerObject, HostObject, ServiceObject } from '../../../../daemons/shared/model/objects.ts';

export const hostId = '00000000-0000-5000-8000-000000000001';
export const otherHost = '00000000-0000-5000-8000-000000000002';

export function container(id: string, fields: Partial<ContainerObject> = {}): ContainerObject {
  return {
    kind: 'container',
    id,
    name: id,
    externalId: null,
    hostId,
    network: 'corral',
    ips: [],
    mac: null,
    ports: [],
    labels: {},
    state: 'running',
    health: null,
    hostname: null,
    createdAt: 1,
    startCount: 1,
    dns: [],
    dnsSearch: [],
    networkFrom: null,
    system: false,
    stackId: null,
    stackName: null,
    serviceId: null,
    serviceName: null,
    serviceIndex: null,
    ...fields,
  };
}

/** `stack/service`, or `stack/primary/sidekick`. */
export function service(path: string, fields: Partial<ServiceObject> = {}): ServiceObject {
  const [stack = '', primary = '', sidekick] = path.split('/');
  return {
    kind: 'service',
    id: path,
    uuid: `${stack}/${primary}`,
    name: sidekick ?? primary,
    stackId: stack,
    stackName: stack,
    primaryServiceName: primary,
    sidekicks: [],
    serviceKind: 'service',
    containerIds: [],
    links: {},
    ports: [],
    expose: [],
    labels: {},
    metadata: {},
    scale: 1,
    hostname: null,
    externalIps: [],
    vip: null,
    createIndex: null,
    system: false,
    hasHealthCheck: false,
    ...fields,
  };
}

export function host(id: string, fields: Partial<HostObject> = {}): HostObject {
  return {
    kind: 'host',
    id,
    name: id,
    hostname: id,
    agentIp: null,
    labels: {},
    memory: null,
    milliCpu: null,
    localStorageMb: null,
    ...fields,
  };
}
