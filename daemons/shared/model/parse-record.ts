// Pure: checks what a source says before it enters the snapshot; a record that fails is refused, never repaired.
import { SuiteError } from './errors.ts';
import { parseIp } from './ip.ts';
import { parseMac } from './mac.ts';
import {
  type ContainerRecord,
  containerStates,
  type HostObject,
  healthStates,
  type Labels,
  type SourceRecord,
} from './objects.ts';
import { parseTunnel } from './parse-tunnel.ts';
import { isPortText } from './ports.ts';
import { type Check, type Fields, reader } from './record-fields.ts';
import { isUuid } from './uuid.ts';

const maxLabels = 512;
const maxList = 1024;
const maxText = 4096;

/** Keeps one copy of texts that many records have: given a text it returns an equal one. */
export type ShareText = (text: string) => string;

/**
 * The record, with only the known fields; throws RECORD_INVALID naming the field. `share` is given texts that other records are
 * likely to have too; it writes what it returns into the labels of `value`.
 */
export function parseRecord(value: unknown, share?: ShareText): SourceRecord {
  if (typeof value !== 'object' || value === null)
    throw new SuiteError('RECORD_INVALID', 'read a record that is no object');
  const fields = value as Fields;
  if (fields.kind === 'container') return parseContainer(fields, share);
  if (fields.kind === 'host') return parseHost(fields);
  if (fields.kind === 'tunnel') return parseTunnel(fields);
  throw new SuiteError('RECORD_INVALID', `read a record of kind ${JSON.stringify(fields.kind)}`);
}

function parseContainer(fields: Fields, share: ShareText = (text) => text): ContainerRecord {
  const field = reader('container', fields);
  const network = field('network', isTextOrNull);
  const record: ContainerRecord = {
    kind: 'container',
    id: field('id', isId),
    name: field('name', isName),
    externalId: field('externalId', isTextOrNull),
    hostId: share(field('hostId', isId)),
    network: network === null ? null : share(network),
    ips: small(field('ips', isIps)),
    mac: field('mac', isMacOrNull),
    ports: small(field('ports', isPorts)),
    labels: sharedLabels(field('labels', isLabels), share),
    state: field('state', isState),
    health: field('health', isHealthOrNull),
    hostname: field('hostname', isTextOrNull),
    createdAt: field('createdAt', isCount),
    startCount: field('startCount', isCount),
    dns: small(field('dns', isTexts)),
    dnsSearch: small(field('dnsSearch', isTexts)),
    networkFrom: field('networkFrom', isTextOrNull),
    system: field('system', isBoolean),
  };
  return fields.links === undefined ? record : { ...record, links: field('links', isLabels) };
}

function parseHost(fields: Fields): HostObject {
  const field = reader('host', fields);
  return {
    kind: 'host',
    id: field('id', isId),
    name: field('name', isName),
    hostname: field('hostname', isText),
    agentIp: field('agentIp', isIpOrNull),
    labels: field('labels', isLabels),
    memory: field('memory', isCountOrNull),
    milliCpu: field('milliCpu', isCountOrNull),
    localStorageMb: field('localStorageMb', isCountOrNull),
    ...(fields.vtepMac === undefined ? {} : { vtepMac: field('vtepMac', isMac) }),
    ...(fields.alive === undefined ? {} : { alive: field('alive', isBoolean) }),
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
  let count = 0;
  for (const [name, text] of Object.entries(value)) {
    count += 1;
    if (count > maxLabels || name.length > maxText || !isLabelText(text)) return false;
  }
  return true;
};

/** Label values may hold line breaks; they stay data. */
function isLabelText(value: unknown): boolean {
  return typeof value === 'string' && value.length <= 64 * 1024;
}

const none: readonly string[] = [];
const noLabels: Labels = {};

/** One empty list is enough for all records. */
function small(list: readonly string[]): readonly string[] {
  return list.length === 0 ? none : list;
}

function sharedLabels(labels: Record<string, string>, share: ShareText): Labels {
  let isEmpty = true;
  for (const name in labels) {
    labels[name] = share(labels[name]!);
    isEmpty = false;
  }
  return isEmpty ? noLabels : labels;
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

const isTextOrNull = orNull(isText);
const isIpOrNull = orNull(isIp);
const isMacOrNull = orNull(isMac);
const isHealthOrNull = orNull(oneOf(healthStates));
const isCountOrNull = orNull(isCount);
const isState = oneOf(containerStates);
const isIps = listOf(isIp);
const isPorts = listOf(isPort);
const isTexts = listOf(isText);
