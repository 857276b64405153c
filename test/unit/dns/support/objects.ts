// Objects of a snapshot with everything that a test does not care about filled in.
import type { ContainerObject, HostObject, ServiceObject } from '../../../../daemons/shared/model/objects.ts';
import { bareContainer, bareHost, bareService } from '../../../fixtures/bare-objects.ts';

export const hostId = '00000000-0000-5000-8000-000000000001';
export const otherHost = '00000000-0000-5000-8000-000000000002';

export function container(id: string, fields: Partial<ContainerObject> = {}): ContainerObject {
  return { ...bareContainer, id, name: id, hostId, createdAt: 1, ...fields };
}

/** `stack/service`, or `stack/primary/sidekick`. */
export function service(path: string, fields: Partial<ServiceObject> = {}): ServiceObject {
  const [stack = '', primary = '', sidekick] = path.split('/');
  return {
    ...bareService,
    id: path,
    uuid: `${stack}/${primary}`,
    name: sidekick ?? primary,
    stackId: stack,
    stackName: stack,
    primaryServiceName: primary,
    ...fields,
  };
}

export function host(id: string, fields: Partial<HostObject> = {}): HostObject {
  return { ...bareHost, id, name: id, hostname: id, ...fields };
}
