// Pure: what a change of the snapshot means to people.
import type {
  ContainerObject,
  HostObject,
  NetworkObject,
  ServiceObject,
  SnapshotObject,
} from '../../shared/model/objects.ts';
import { type Change, type Snapshot, splitKey } from '../../shared/model/snapshot.ts';
import type { Happening } from './event.ts';

/** Kinds of which events tell; the others follow from them. */
export const toldKinds = ['host', 'network', 'container', 'service'] as const;

type Told = HostObject | NetworkObject | ContainerObject | ServiceObject;

/** @param before the snapshot that the change was made to */
export function describeChange(before: Snapshot, now: Snapshot, change: Change): Happening[] {
  const gone = change.drop.flatMap((key) => {
    const { kind, id } = splitKey(key);
    const object = before.get(kind, id);
    return isTold(object) ? [describeEnd(object, before)] : [];
  });
  const there = change.put.flatMap((object) => {
    if (!isTold(object)) return [];
    const was = before.get(object.kind, object.id);
    return isTold(was) ? describeDifference(was, object, now) : [describeStart(object, now)];
  });
  return [...gone, ...there];
}

function isTold(object: SnapshotObject | undefined): object is Told {
  return object !== undefined && (toldKinds as readonly string[]).includes(object.kind);
}

function describeStart(object: Told, snapshot: Snapshot): Happening {
  const tell = (text: string): Happening => happening(object, snapshot, { action: 'added', text });
  switch (object.kind) {
    case 'container':
      return tell(`${object.state}${addressOf(object)}`);
    case 'host':
      return tell(`joined${object.agentIp === null ? '' : ` as ${object.agentIp}`}`);
    case 'network':
      return tell(`made with ${object.subnet}`);
    case 'service':
      return tell('has its first container, or was declared');
    default: {
      const never: never = object;
      return never;
    }
  }
}

const ends: Readonly<Record<Told['kind'], string>> = {
  container: 'is gone',
  host: 'was removed from the cluster',
  network: 'was removed',
  service: 'has no container any more',
};

function describeEnd(object: Told, snapshot: Snapshot): Happening {
  return happening(object, snapshot, { action: 'removed', text: ends[object.kind] });
}

/** Empty if nothing differs that a person would want to hear of. */
function describeDifference(was: Told, is: Told, snapshot: Snapshot): Happening[] {
  const changed = (text: string, level: Happening['level'] = 'info'): Happening =>
    happening(is, snapshot, { action: 'changed', text, level });
  if (was.kind === 'host' && is.kind === 'host') {
    if (isAlive(was) !== isAlive(is))
      return [isAlive(is) ? changed('is back') : changed('is lost: it keeps no lease in the store', 'warn')];
    return was.agentIp === is.agentIp ? [] : [changed(`has the address ${is.agentIp ?? 'of nobody'} now`)];
  }
  if (was.kind === 'network' && is.kind === 'network') {
    const same = was.subnet === is.subnet && was.driver === is.driver && was.mtu === is.mtu;
    return same ? [] : [changed(`has other options: ${is.subnet}, ${is.driver}`)];
  }
  if (was.kind === 'container' && is.kind === 'container') return describeContainer(was, is, changed);
  return [];
}

function describeContainer(
  was: ContainerObject,
  is: ContainerObject,
  changed: (text: string, level?: Happening['level']) => Happening,
): Happening[] {
  if (was.startCount !== is.startCount && is.startCount > 1) return [changed(`started again${addressOf(is)}`)];
  if (was.state !== is.state) return [changed(`${is.state}${is.state === 'running' ? addressOf(is) : ''}`)];
  if (was.health !== is.health && is.health !== null)
    return [changed(is.health, is.health === 'unhealthy' ? 'warn' : 'info')];
  if (was.ips.join() !== is.ips.join()) return [changed(`has other addresses${addressOf(is)}`)];
  return was.ports.join() === is.ports.join()
    ? []
    : [changed(`publishes ${is.ports.join(', ') || 'nothing any more'}`)];
}

function happening(
  object: Told,
  snapshot: Snapshot,
  rest: Pick<Happening, 'action' | 'text'> & Partial<Pick<Happening, 'level'>>,
): Happening {
  const host = object.kind === 'container' ? snapshot.get('host', object.hostId)?.name : undefined;
  return { kind: object.kind, level: 'info', name: nameOf(object), host: host ?? null, code: null, ...rest };
}

function nameOf(object: Told): string {
  return object.kind === 'service' ? `${object.stackName}/${object.name}` : object.name;
}

const isAlive = ({ alive }: HostObject): boolean => alive !== false;

function addressOf({ ips }: ContainerObject): string {
  return ips.length === 0 ? '' : ` with ${ips.join(', ')}`;
}
