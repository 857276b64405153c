// Pure: checks what a source says before it enters the snapshot; a record that fails is refused, never repaired.
import { SuiteError } from './errors.ts';
import { parseIp } from './ip.ts';
import { parseMac } from './mac.ts';
import { type ContainerRecord, containerStates, type HostObject, healthStates, type SourceRecord } from './objects.ts';
import { isPortText } from './ports.ts';
import { isUuid } from './uuid.ts';

type Fields = Readonly<Record<string, unknown>>;
type Check<T> = (value: unknown) => value is T;

const maxLabels = 512;
const maxList = 1024;
const maxText = 4096;

/** The record, with only the known fields; throws RECORD_INVALID naming the field. */
export function parseRecord(value: unknown): SourceRecord {
  if (typeof value !== 'object' || value === null)
    throw new SuiteError('RECORD_INVALID', 'read a record that is no object');
  const fields = value as Fields;
  if (fields.kind === 'container') return parseContainer(fields);
  if (fields.kind === 'host') return parseHost(fields);
  throw new SuiteError('RECORD_INVALID', `read a record of kind ${JSON.stringify(fields.kind)}`);
}

function parseContainer(fields: Fields): ContainerRecord {
  const field = reader('container', fields);
  return {
    kind: 'container',
    id: field('id', isId),
    name: field('name', isName),
    externalId: field('externalId', orNull(isText)),
    hostId: field('hostId', isId),
    network: field('network', orNull(isText)),
    ips: field('ips', listOf(isIp)),
    mac: field('mac', orNull(isMac)),
    ports: field('ports', listOf(isPort)),
    labels: field('labels', isLabels),
    state: field('state', oneOf(containerStates)),
    health: field('health', orNull(oneOf(healthStates))),
    hostname: field('hostname', orNull(isText)),
    createdAt: field('createdAt', isCount),
    startCount: field('startCount', isCount),
    dns: field('dns', listOf(isText)),
    dnsSearch: field('dnsSearch', listOf(isText)),
    ...(fields.links === undefined ? {} : { links: field('links', isLabels) }),
    networkFrom: field('networkFrom', orNull(isText)),
    system: field('system', isBoolean),
  };
}

function parseHost(fields: Fields): HostObject {
  const field = reader('host', fields);
  return {
    kind: 'host',
    id: field('id', isId),
    name: field('name', isName),
    hostname: field('hostname', isText),
    agentIp: field('agentIp', orNull(isIp)),
    labels: field('labels', isLabels),
    memory: field('memory', orNull(isCount)),
    milliCpu: field('milliCpu', orNull(isCount)),
    localStorageMb: field('localStorageMb', orNull(isCount)),
    ...(fields.vtepMac === undefined ? {} : { vtepMac: field('vtepMac', isMac) }),
    ...(fields.alive === undefined ? {} : { alive: field('alive', isBoolean) }),
  };
}

function reader(kind: string, fields: Fields): <T>(name: string, check: Check<T>) => T {
  return (name, check) => {
    const value = fields[name];
    if (check(value)) return value;
    const shown = JSON.stringify(value)?.slice(0, 80);
    throw new SuiteError('RECORD_INVALID', `read ${kind} ${String(fields.id).slice(0, 80)}: ${name} is ${shown}`);
  };
}

const isText: Check<string> = (value): value is string =>
  typeof value === 'string' && value.length <= maxText && !hasControl(value);
const isId: Check<string> = (value): value is string => typeof value === 'string' && isUuid(value);
/** Any printable name: names are only ever data; what reaches a path or a rule is checked there. */
const isName: Check<string> = (value): value is string => isText(value) && value !== '' && value.length <= 255;
const isIp: Check<string> = (value): value is string => typeof value === 'string' && parseIp(value) !== undefined;
const isMac: Check<string> = (value): value is string => typeof value === 'string' && parseMac(value) !== undefined;
const isPort: Check<string> = (value): value is string => typeof value === 'string' && isPortText(value);
const isCount: Check<number> = (value): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isBoolean: Check<boolean> = (value): value is boolean => typeof value === 'boolean';

const isLabels: Check<Record<string, string>> = (value): value is Record<string, string> => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const entries = Object.entries(value);
  return entries.length <= maxLabels && entries.every(([name, text]) => name.length <= maxText && isLabelText(text));
};

/** Label values may hold line breaks; they stay data. */
function isLabelText(value: unknown): boolean {
  return typeof value === 'string' && value.length <= 64 * 1024;
}

function hasControl(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) < 32) return true;
  return false;
}

function orNull<T>(check: Check<T>): Check<T | null> {
  return (value): value is T | null => value === null || check(value);
}

function listOf<T>(check: Check<T>): Check<T[]> {
  return (value): value is T[] => Array.isArray(value) && value.length <= maxList && value.every(check);
}

function oneOf<T extends string>(allowed: readonly T[]): Check<T> {
  return (value): value is T => (allowed as readonly unknown[]).includes(value);
}
