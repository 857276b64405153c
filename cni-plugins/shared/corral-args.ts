// Pure: `args.corral` of a configuration, in which Corral itself says what it attaches; and what stands in its place
// when another runtime calls.
import { parsePort, renderPort } from '../../daemons/shared/model/ports.ts';
import { type Attachment, type Engine, engines } from '../ipam/lease.ts';
import { isObject, type JsonObject, textMapOf, textOf } from './json.ts';
import { badConfig } from './parse-config.ts';

/** All optional; unknown members are ignored. */
export interface CorralArgs extends Partial<Attachment> {
  /** With or without prefix. */
  readonly requestedIp?: string;
  readonly requestedMac?: string;
}

/** The `args.corral` object; empty when absent. Throws CNI code 7 for a member of a wrong type. */
export function corralArgsOf(config: JsonObject): CorralArgs {
  const value = isObject(config.args) ? config.args.corral : undefined;
  if (value === undefined) return {};
  if (!isObject(value)) throw badConfig('args.corral is not an object');
  const args: { -readonly [K in keyof CorralArgs]: CorralArgs[K] } = {};
  for (const name of ['name', 'requestedIp', 'requestedMac'] as const) {
    const text = textMember(value, name);
    if (text !== undefined && text !== null && text !== '') args[name] = text;
  }
  for (const name of ['externalId', 'hostname', 'containerUuid'] as const) {
    const text = textMember(value, name);
    if (text !== undefined) args[name] = text;
  }
  if (value.engine !== undefined) args.engine = engineOf(value.engine);
  if (value.labels !== undefined) args.labels = textMapOf(value.labels) ?? refuse('labels');
  if (value.ports !== undefined) args.ports = portsOf(value.ports);
  return args;
}

/** What is attached, from `args.corral`, else from what Kubernetes' and Podman's CNI_ARGS say. */
export function attachmentOf(
  containerId: string,
  args: Readonly<Record<string, string>>,
  config: JsonObject,
): Attachment {
  const told = corralArgsOf(config);
  const pod = textOf(args.K8S_POD_NAME, 253) || undefined;
  return {
    name: told.name ?? pod ?? containerId.slice(0, 12),
    externalId: told.externalId === undefined ? containerId : told.externalId,
    engine: told.engine ?? 'cni',
    labels: told.labels ?? {},
    ports: told.ports ?? mappedPorts(config),
    hostname: told.hostname ?? null,
    containerUuid: told.containerUuid ?? (textOf(args.RancherContainerUUID, 64) || null),
  };
}

/** `runtimeConfig.portMappings`; IPv6 addresses of the host, and ports without one of the host, are left out. */
function mappedPorts(config: JsonObject): string[] {
  const mappings = isObject(config.runtimeConfig) ? (config.runtimeConfig.portMappings ?? []) : [];
  if (!Array.isArray(mappings) || mappings.length > 65536) throw badConfig('runtimeConfig.portMappings is not a list');
  const ports = new Set<string>();
  for (const mapping of mappings) {
    if (!isObject(mapping)) throw badConfig('runtimeConfig.portMappings holds something that is no mapping');
    const { hostIP = '', hostPort, containerPort, protocol = 'tcp' } = mapping;
    if (typeof hostIP === 'string' && hostIP.includes(':')) continue;
    if (hostPort === undefined || hostPort === 0) continue; // a port of the container that is not published
    const port = parsePort(
      `${hostIP || '0.0.0.0'}:${hostPort}:${containerPort}/${String(protocol || 'tcp').toLowerCase()}`,
    );
    if (!port) throw badConfig(`runtimeConfig.portMappings holds ${JSON.stringify(mapping).slice(0, 200)}`);
    ports.add(renderPort(port));
  }
  return [...ports];
}

function textMember(value: JsonObject, name: string): string | null | undefined {
  const member = value[name];
  if (member === undefined || member === null) return member;
  return textOf(member) ?? refuse(name);
}

function engineOf(value: unknown): Engine {
  return engines.find((engine) => engine === value) ?? refuse('engine');
}

function portsOf(value: unknown): string[] {
  if (!Array.isArray(value) || value.length > 65536) return refuse('ports');
  return value.map((text) => {
    const port = typeof text === 'string' ? parsePort(text) : undefined;
    return port ? renderPort(port) : refuse('ports');
  });
}

function refuse(name: string): never {
  throw badConfig(`args.corral.${name} has a wrong type or value`);
}
