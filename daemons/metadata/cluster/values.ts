// Pure: the values of the cluster's store. What other hosts wrote is untrusted: it is checked field by field, and a value that
// fails is refused with a code; fields of later versions are passed over.
import { SuiteError } from '../../shared/model/errors.ts';
import type { ContainerRecord, HostObject, TunnelObject } from '../../shared/model/objects.ts';
import { parseRecord, type ShareText } from '../../shared/model/parse-record.ts';
import { isUuid } from '../../shared/model/uuid.ts';

/** The cluster's key. A store that was emptied and made anew has another incarnation, whatever its revisions say. */
export interface ClusterValue {
  readonly id: string;
  readonly incarnation: string;
}

/** Who keeps a host's lease. */
export interface AliveValue {
  /** Of one life of the daemon. */
  readonly instance: string;
  /** Of one state directory in one boot: a copy of the directory is another place. */
  readonly place: string;
  readonly name: string;
  readonly agentIp: string | null;
}

export interface BlockValue {
  readonly hostId: string;
  /** The host's own numbering: its lowest block of a network holds the gateway. */
  readonly order: number;
}

export interface AddressValue {
  readonly hostId: string;
  readonly owner: string;
}

/** A host's own record, and what it says besides. */
export interface HostValue {
  readonly object: HostObject;
  /** Networks that its configuration file names. */
  readonly proposes: readonly string[];
  /** `network/cidr` that this host used and another one claimed before it. */
  readonly contested: readonly string[];
}

export interface DeclaredValue {
  /** The host whose configuration file declares it. */
  readonly hostId: string;
  /** An entry of the file's `declared`, without tokens; checked where it is used. */
  readonly entry: unknown;
}

const maxValueLength = 512 * 1024;
const maxNames = 64;

type Fields = Readonly<Record<string, unknown>>;

/** The value's fields. Throws RECORD_INVALID. */
function fieldsOf(text: string): Fields {
  if (text.length > maxValueLength) throw refused(`a value of ${text.length} characters`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refused('a value that is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refused('a value that is no object');
  return value as Fields;
}

export function parseCluster(text: string): ClusterValue {
  const { id, incarnation } = fieldsOf(text);
  if (!isId(id) || !isId(incarnation)) throw refused('a cluster without its ids');
  return { id, incarnation };
}

export function parseAlive(text: string): AliveValue {
  const { instance, place, name, agentIp = null } = fieldsOf(text);
  if (!isId(instance) || !isText(place) || !isText(name) || !(agentIp === null || isText(agentIp)))
    throw refused('a lease without its holder');
  return { instance, place, name, agentIp };
}

export function parseBlock(text: string): BlockValue {
  const { hostId, order = 0 } = fieldsOf(text);
  if (!isId(hostId) || !Number.isSafeInteger(order)) throw refused('a block without its host');
  return { hostId, order: order as number };
}

export function parseAddress(text: string): AddressValue {
  const { hostId, owner } = fieldsOf(text);
  if (!isId(hostId) || !isText(owner)) throw refused('an address without its owner');
  return { hostId, owner };
}

export function parseHostValue(text: string, host: string): HostValue {
  const fields = fieldsOf(text);
  const object = parseRecord({ ...fields, kind: 'host' }) as HostObject;
  if (object.id !== host) throw refused(`a host ${object.id} in the place of ${host}`);
  return { object, proposes: namesOf(fields.proposes), contested: namesOf(fields.contested) };
}

export function parseTunnel(text: string, host: string): TunnelObject {
  const object = parseRecord({ ...fieldsOf(text), kind: 'tunnel' }) as TunnelObject;
  if (object.id !== host) throw refused(`a tunnel of ${object.id} in the place of ${host}`);
  return object;
}

export function parseContainer(
  text: string,
  { host, id }: { readonly host: string; readonly id: string },
  share?: ShareText,
): ContainerRecord {
  const record = parseRecord({ ...fieldsOf(text), kind: 'container' }, share) as ContainerRecord;
  if (record.id !== id || record.hostId !== host) throw refused(`a container ${record.id} in the place of ${id}`);
  return record;
}

export function parseDeclared(text: string): DeclaredValue {
  const { hostId, entry } = fieldsOf(text);
  if (!isId(hostId)) throw refused('a declaration without its host');
  return { hostId, entry };
}

function namesOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter(isText).slice(0, maxNames) : [];
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && isUuid(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 255 && /^\P{Cc}*$/u.test(value);
}

function refused(what: string): SuiteError {
  return new SuiteError('RECORD_INVALID', `read ${what}`);
}
