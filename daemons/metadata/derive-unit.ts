// Pure: one service with its sidekicks (a unit), from the containers that name it. Every host derives the same objects from
// the same containers: ids and numbers follow from names and creation times alone.
import type { ContainerObject, ContainerRecord, Labels, ServiceObject } from '../shared/model/objects.ts';
import { parsePort } from '../shared/model/ports.ts';
import { uuidOfName } from '../shared/model/uuid.ts';
import type { Membership } from './derive-membership.ts';

export interface Member {
  readonly record: ContainerRecord;
  readonly membership: Membership;
  /** The object of the last derivation and the record it was made of; used again if nothing of it differs. */
  readonly object: ContainerObject | undefined;
  readonly made: ContainerRecord | undefined;
}

export interface UnitObjects {
  readonly services: readonly ServiceObject[];
  readonly containers: readonly { readonly member: Member; readonly object: ContainerObject }[];
}

export function stackIdOf(environmentId: string, stack: string): string {
  return uuidOfName(environmentId, stack);
}

/** What a declaration says of a launch configuration: these fields are so, the others follow from the containers. */
export type NamedFields = Partial<LaunchConfig>;
/** The declared launch configurations of a unit by sidekick; null is the primary. */
export type UnitDeclaration = ReadonlyMap<string | null, NamedFields>;

/** The objects of a unit; `primary` null means containers of a stack that are in no service. */
export function deriveUnit(
  environmentId: string,
  stack: string,
  primary: string | null,
  members: readonly Member[],
  declared: UnitDeclaration = noDeclaration,
): UnitObjects {
  const inStack = { stackId: stackIdOf(environmentId, stack), stackName: stack };
  if (primary === null) {
    const place = { ...inStack, serviceId: null, serviceName: null, serviceIndex: null };
    return { services: [], containers: members.map((member) => ({ member, object: containerObject(member, place) })) };
  }
  const uuid = uuidOfName(environmentId, `${stack}/${primary}`);
  const byConfig = new Map<string | null, Member[]>([[null, []]]);
  for (const name of declared.keys()) byConfig.set(name, []);
  for (const member of members) {
    const list = byConfig.get(member.membership.sidekick);
    if (list) list.push(member);
    else byConfig.set(member.membership.sidekick, [member]);
  }
  const sidekicks = [...byConfig.keys()].filter((name) => name !== null).sort();
  const services: ServiceObject[] = [];
  const containers: { member: Member; object: ContainerObject }[] = [];
  for (const sidekick of [null, ...sidekicks]) {
    const numbered = numberMembers(byConfig.get(sidekick)!);
    const id = sidekick === null ? uuid : uuidOfName(environmentId, `${stack}/${primary}/${sidekick}`);
    const name = sidekick ?? primary;
    services.push({
      ...launchConfig(numbered.map(({ member }) => member.record)),
      ...declared.get(sidekick),
      ...inStack,
      kind: 'service',
      id,
      uuid,
      name,
      primaryServiceName: primary,
      sidekicks,
    });
    for (const { member, index } of numbered) {
      const place = { ...inStack, serviceId: id, serviceName: name, serviceIndex: `${index}` };
      containers.push({ member, object: containerObject(member, place) });
    }
  }
  return { services, containers };
}

const noDeclaration: UnitDeclaration = new Map();

type Place = Pick<ContainerObject, 'stackId' | 'stackName' | 'serviceId' | 'serviceName' | 'serviceIndex'>;

/** A container that is in no stack. */
export function standalone(record: ContainerRecord): ContainerObject {
  return { ...record, stackId: null, stackName: null, serviceId: null, serviceName: null, serviceIndex: null };
}

function containerObject({ record, object, made }: Member, place: Place): ContainerObject {
  const same =
    object !== undefined &&
    made === record &&
    object.serviceIndex === place.serviceIndex &&
    object.serviceId === place.serviceId &&
    object.stackId === place.stackId;
  return same ? object : { ...record, ...place };
}

interface Numbered {
  readonly member: Member;
  readonly index: number;
}

/** Compose's numbers as they are; the others get the lowest free ones in order of creation. Sorted by number. */
function numberMembers(members: readonly Member[]): Numbered[] {
  const inOrder = [...members].sort((a, b) => compareAge(a.record, b.record));
  const taken = new Set(inOrder.map(({ membership }) => membership.number));
  let next = 1;
  const numbered = inOrder.map((member) => {
    if (member.membership.number !== null) return { member, index: member.membership.number };
    while (taken.has(next)) next += 1;
    return { member, index: next++ };
  });
  return numbered.sort((a, b) => a.index - b.index || compareAge(a.member.record, b.member.record));
}

function compareAge(a: ContainerRecord, b: ContainerRecord): number {
  return a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1);
}

type LaunchConfig = Omit<
  ServiceObject,
  'kind' | 'id' | 'uuid' | 'name' | 'stackId' | 'stackName' | 'primaryServiceName' | 'sidekicks'
>;

function launchConfig(records: readonly ContainerRecord[]): LaunchConfig {
  return {
    serviceKind: 'service',
    containerIds: records.map(({ id }) => id),
    links: {},
    ports: portsOf(records),
    expose: [],
    labels: sharedLabels(records),
    metadata: {},
    scale: records.length,
    hostname: null,
    externalIps: [],
    vip: null,
    createIndex: records.length > 0 ? Math.min(...records.map(({ createdAt }) => createdAt)) : null,
    system: records.length > 0 && records.every(({ system }) => system),
    hasHealthCheck: records.some(({ health }) => health !== null),
  };
}

/** As one would configure them: `8080:80/tcp`, with an address only if it is a particular one. */
function portsOf(records: readonly ContainerRecord[]): string[] {
  const ports = new Set(records.flatMap((record) => record.ports));
  return [...ports]
    .map((text) => {
      const port = parsePort(text);
      const plain = port && `${port.hostPort}:${port.containerPort}/${port.protocol}`;
      return port?.ip === '0.0.0.0' ? plain! : text;
    })
    .sort();
}

/** The labels that all containers have with the same value: those of the launch configuration. */
function sharedLabels(records: readonly ContainerRecord[]): Labels {
  const [first, ...others] = records;
  const entries = Object.entries(first?.labels ?? {}).filter(([name, value]) =>
    others.every(({ labels }) => Object.hasOwn(labels, name) && labels[name] === value),
  );
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
