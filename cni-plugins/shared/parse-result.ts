// Pure: reads a result that someone else rendered: prevResult, a delegate's answer, a lease. Every dialect of CNI.
import { countOf, isObject, type JsonObject, textOf, textsOf } from './json.ts';
import type { CniDns, CniInterface, CniIp, CniResult, CniRoute } from './result.ts';

const maxEntries = 256;

/** Undefined if it is not a result. Fields that we do not know are dropped. */
export function parseResult(value: unknown): CniResult | undefined {
  if (!isObject(value)) return undefined;
  if (value.ip4 !== undefined || value.ip6 !== undefined) return parseFamilies(value);
  const interfaces = listOf(value.interfaces, parseInterface);
  const ips = listOf(value.ips, parseIp);
  const routes = listOf(value.routes, parseRoute);
  const dns = parseDns(value.dns ?? {});
  return interfaces && ips && routes && dns ? { interfaces, ips, routes, dns } : undefined;
}

/** 0.1.0 and 0.2.0: `ip4` and `ip6`, each with its routes. */
function parseFamilies(value: JsonObject): CniResult | undefined {
  const ips: CniIp[] = [];
  const routes: CniRoute[] = [];
  for (const config of [value.ip4, value.ip6]) {
    if (config === undefined || config === null) continue;
    const ip = isObject(config) ? parseIp({ address: config.ip, gateway: config.gateway }) : undefined;
    const more = isObject(config) ? listOf(config.routes, parseRoute) : undefined;
    if (!ip || !more) return undefined;
    ips.push(ip);
    routes.push(...more);
  }
  const dns = parseDns(value.dns ?? {});
  return dns && { interfaces: [], ips, routes, dns };
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
  const socketPath = textOf(item.socketPath, 4096);
  const pciID = textOf(item.pciID);
  if (name === undefined) return undefined;
  return {
    name,
    ...(mac && { mac }),
    ...(mtu && { mtu }),
    ...(sandbox && { sandbox }),
    ...(socketPath && { socketPath }),
    ...(pciID && { pciID }),
  };
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
  if (dst === undefined) return undefined;
  const numbers: Record<string, number> = {};
  for (const name of ['mtu', 'advmss', 'priority', 'table', 'scope']) {
    const number = countOf(item[name], 0xffffffff);
    if (number !== undefined) numbers[name] = number;
  }
  return { dst, ...(gw && { gw }), ...numbers };
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
