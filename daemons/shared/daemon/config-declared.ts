// Pure: the shape of `declared` in corral.yaml: hosts, stacks, services and containers that no engine tells of, or of which
// an engine tells less. Field by field the names of Rancher's compose files in our spelling.
import * as z from 'zod';
import { parseIpv4 } from '../model/ipv4.ts';
import { parseMac } from '../model/mac.ts';
import { containerStates, healthStates } from '../model/objects.ts';
import { isPortText } from '../model/ports.ts';
import { isUuid } from '../model/uuid.ts';

/** What clients know as kinds of services; names without a meaning here are shown as they are. */
export const serviceKinds = [
  'service',
  'externalService',
  'dnsService',
  'loadBalancerService',
  'kubernetesService',
  'storageDriverService',
  'networkDriverService',
] as const;

const maxList = 1_024;
const ip = z.string().refine((text) => parseIpv4(text) !== undefined, 'not an IPv4 address');
const mac = z.string().refine((text) => parseMac(text) !== undefined, 'not a MAC address such as 02:42:0a:2a:00:07');
const uuid = z.string().refine(isUuid, 'not a uuid in lower case');
/** As labels may name them, see daemons/metadata/derive-membership.ts. */
const name = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}$/, 'not a name (letters, digits, _ . -, at most 63)');
const text = z
  .string()
  .max(4_096)
  .regex(/^\P{Cc}*$/u, 'holds control characters');
const title = text.min(1).max(255);
const labels = z.record(z.string().max(4_096), z.string().max(65_536));
const hostName = z.string().regex(/^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?$/, 'not a host name');
const listOf = <T extends z.ZodType>(one: T) => z.array(one).max(maxList);
const count = z.int().min(0);

/** `stack/service`, or `service` of the own stack; up to region/environment/stack/service. */
const linkName = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}(\/[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}){0,3}$/, 'not stack/service');
const links = z.union(
  [listOf(linkName), z.record(linkName, text)],
  'not a list of stack/service, nor a map to aliases',
);

const mostDeep = 32;
const mostValues = 100_000;

/** Data without cycles, not too deep and not too much, so that it can be copied, compared and written as JSON. */
const freeMap = z
  .record(z.string(), z.unknown())
  .refine((value) => isPlain(value), `holds itself, more than ${mostDeep} levels or more than ${mostValues} values`);

function isPlain(root: unknown): boolean {
  let values = 0;
  const visit = (value: unknown, depth: number): boolean => {
    values += 1;
    if (depth > mostDeep || values > mostValues) return false;
    if (typeof value !== 'object' || value === null) return typeof value !== 'bigint';
    return Object.values(value).every((inner) => visit(inner, depth + 1));
  };
  return visit(root, 0);
}

const healthCheck = z.strictObject({
  port: z.int().min(1).max(65_535).optional(),
  /** Milliseconds, as the next. */
  interval: count.optional(),
  responseTimeout: count.optional(),
  healthyThreshold: count.optional(),
  unhealthyThreshold: count.optional(),
  requestLine: text.optional(),
});

const service = z.strictObject({
  name,
  stack: name,
  /** The launch configuration of which this is a sidekick. */
  primary: name.optional(),
  /** Left out: externalService if it has external addresses or a host name, else service. */
  kind: z.enum(serviceKinds).optional(),
  sidekicks: listOf(name).optional(),
  links: links.optional(),
  ports: listOf(text).optional(),
  expose: listOf(text).optional(),
  labels: labels.optional(),
  metadata: freeMap.optional(),
  scale: count.max(1_000_000).optional(),
  hostname: hostName.optional(),
  externalIps: listOf(ip).optional(),
  vip: ip.optional(),
  fqdn: hostName.optional(),
  healthCheck: healthCheck.optional(),
  lbConfig: freeMap.optional(),
  /** Shown to containers of this service alone. */
  token: z.string().min(1, 'is empty').max(4_096, 'is too long').optional(),
  system: z.boolean().optional(),
});

const host = z.strictObject({
  name: title,
  /** Left out: made of the name. That of a known host: fields of this declaration win over its own. */
  uuid: uuid.optional(),
  hostname: title.optional(),
  agentIp: ip.optional(),
  labels: labels.optional(),
  memory: count.optional(),
  milliCpu: count.optional(),
  localStorageMb: count.optional(),
});

const container = z.strictObject({
  name: title,
  uuid: uuid.optional(),
  /** Name of its host; left out: this one. */
  host: title.optional(),
  network: name.optional(),
  /** The first is primary. */
  ips: listOf(ip).optional(),
  mac: mac.optional(),
  ports: listOf(z.string().refine(isPortText, 'not ip:hostPort:containerPort/protocol')).optional(),
  labels: labels.optional(),
  stack: name.optional(),
  /** `service`, or `primary/sidekick`. */
  service: z
    .string()
    .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}(\/[A-Za-z0-9_][A-Za-z0-9_.-]{0,62})?$/, 'not a name of a service')
    .optional(),
  state: z.enum(containerStates).optional(),
  health: z.enum(healthStates).optional(),
  hostname: title.optional(),
  /** Alias to the name of a container. */
  links: labels.optional(),
  dns: listOf(text).optional(),
  dnsSearch: listOf(text).optional(),
  system: z.boolean().optional(),
});

const stack = z.strictObject({ name, system: z.boolean().optional() });

const most = 10_000;

export const declaredSchema = z.strictObject({
  stacks: z.array(stack).max(most).default([]),
  services: z.array(service).max(most).default([]),
  hosts: z.array(host).max(most).default([]),
  containers: z.array(container).max(most).default([]),
});

export type Declared = z.infer<typeof declaredSchema>;
export type DeclaredSection = keyof Declared;

const entrySchemas = { stacks: stack, services: service, hosts: host, containers: container } as const;

/** One entry of a section that did not come from the file; undefined if it is not well-formed. */
export function parseDeclaredEntry<S extends DeclaredSection>(
  section: S,
  value: unknown,
): Declared[S][number] | undefined {
  const parsed = entrySchemas[section].safeParse(value);
  return parsed.success ? (parsed.data as Declared[S][number]) : undefined;
}
export type DeclaredService = Declared['services'][number];
export type DeclaredContainer = Declared['containers'][number];
export type DeclaredHost = Declared['hosts'][number];
