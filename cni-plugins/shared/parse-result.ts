// Pure: reads a result that someone else rendered: prevResult, a delegate's answer, a lease. All dialects from 0.3.0 on.
import { countOf, isObject, type JsonObject, textOf, textsOf } from './json.ts';
import type { CniDns, CniInterface, CniIp, CniResult, CniRoute } from './result.ts';

const maxEntries = 256;

/** Undefined if it is not a result. Fields that we do not know are dropped. */
export function parseResult(value: unknown): CniResult | undefined {
  if (!isObject(value)) return undefined;
  const interfaces = listOf(value.interfaces, parseInterface);
  const ips = listOf(value.ips, parseIp);
  const routes = listOf(value.routes, parseRoute);
  const dns = parseDns(value.dns ?? {});
  return interfaces && ips && routes && dns ? { interfaces, ips, routes, dns } : undefined;
}

function listOf<T>(value: unknown, parse: (item: JsonObject) => T | undefined): T[] | undefined {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || value.length > maxEntries) return undefined;
  const parsed: T[] = [];
  for (const item of value) {
    const one = isObject(item) ? parse(item) : undefined;
    if (one === undefined) return undefined;
    parsed.push(one);
  }
  return parsed;
}

function parseInterface(item: JsonObject): CniInterface | undefined {
  const name = textOf(item.name);
  const mac = textOf(item.mac);
  const mtu = countOf(item.mtu);
  const sandbox = textOf(item.sandbox, 4096);
  return name === undefined
    ? undefined
    : { name, ...(mac && { mac }), ...(mtu && { mtu }), ...(sandbox && { sandbox }) };
}

function parseIp(item: JsonObject): CniIp | undefined {
  const address = textOf(item.address);
  const gateway = textOf(item.gateway);
  const index = countOf(item.interface, maxEntries);
  if (address === undefined) return undefined;
  return { address, ...(gateway && { gateway }), ...(index !== undefined && { interface: index }) };
}

function parseRoute(item: JsonObject): CniRoute | undefined {
  const dst = textOf(item.dst);
  const gw = textOf(item.gw);
  return dst === undefined ? undefined : { dst, ...(gw && { gw }) };
}

/** The `dns` object of a configuration or a result. */
export function parseDns(value: unknown): CniDns | undefined {
  if (!isObject(value)) return undefined;
  const domain = textOf(value.domain);
  const lists = { nameservers: value.nameservers, search: value.search, options: value.options };
  const kept: Record<string, string[]> = {};
  for (const [name, list] of Object.entries(lists)) {
    if (list === undefined || list === null) continue;
    const texts = textsOf(list, maxEntries);
    if (!texts) return undefined;
    if (texts.length > 0) kept[name] = texts;
  }
  return { ...(domain && { domain }), ...kept };
}
