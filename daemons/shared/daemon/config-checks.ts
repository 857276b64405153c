// Pure: what no single key of the configuration can tell: names that are used twice, ranges that overlap.
import { contains } from '../model/ip.ts';
import { overlaps, parseCidr4 } from '../model/ipv4.ts';
import { parseCidr6 } from '../model/networks.ts';
import type { Declared } from './config-declared.ts';
import type { Config } from './config-schema.ts';

/** A fault of the whole, and what to do about it. */
export interface ConfigFault {
  readonly key: string;
  readonly text: string;
  readonly hint: string;
}

/** The first fault, or none. An only network becomes the default. */
export function faultOf(config: Config): ConfigFault | undefined {
  return faultOfStore(config.store) ?? faultOfNetworks(config) ?? faultOfDeclared(config.declared);
}

function faultOfStore({ kind, endpoints, user, passwordFile, tls }: Config['store']): ConfigFault | undefined {
  const fault = (text: string, hint: string): ConfigFault => ({ key: 'store', text, hint });
  if (kind === 'sqlite') {
    if (endpoints.length === 0) return undefined;
    return fault('endpoints are given, and the kind is sqlite', 'set `kind: etcd`, or leave the endpoints out');
  }
  if (endpoints.length === 0) return fault('etcd without endpoints', 'name at least one: http://192.0.2.1:2379');
  if ((user === 'none') !== (passwordFile === 'none'))
    return fault('user and passwordFile go together', 'give both or none');
  if (tls !== 'none' && (tls.cert === undefined) !== (tls.key === undefined))
    return fault('tls.cert and tls.key go together', 'give both or none');
  const secure = endpoints.filter((endpoint) => endpoint.startsWith('https:')).length;
  if (secure !== 0 && secure !== endpoints.length)
    return fault('some endpoints are https and some are http', 'use one of the two for all');
  return tls !== 'none' && secure === 0
    ? fault('tls is given, and the endpoints are http', 'write them as https://…')
    : undefined;
}

function faultOfNetworks(config: Config): ConfigFault | undefined {
  const fault = (text: string, hint: string): ConfigFault => ({ key: 'networks', text, hint });
  if (config.networks.length === 1) config.networks[0]!.default = true;
  const defaults = config.networks.filter((network) => network.default);
  if (defaults.length !== 1)
    return fault(`${defaults.length} networks are the default`, 'give exactly one `default: true`');
  for (const [at, network] of config.networks.entries()) {
    const subnet = parseCidr4(network.subnet)!;
    if (network.blocks === 'host' && network.block < subnet.prefix)
      return fault(
        `${network.name}: block /${network.block} is larger than ${network.subnet}`,
        'choose a longer block',
      );
    const subnet6 = network.subnet6 === undefined ? undefined : parseCidr6(network.subnet6);
    if (subnet6 && network.block6 < subnet6.prefix)
      return fault(
        `${network.name}: block6 /${network.block6} is larger than ${network.subnet6}`,
        'choose a longer block6',
      );
    for (const other of config.networks.slice(at + 1)) {
      if (other.name === network.name) return fault(`two are named ${network.name}`, 'rename one');
      const other6 = other.subnet6 === undefined ? undefined : parseCidr6(other.subnet6);
      if (subnet6 && other6 && (contains(subnet6, other6.base) || contains(other6, subnet6.base)))
        return fault(`${network.name} and ${other.name} overlap in IPv6`, 'choose distinct ranges');
      if (overlaps(subnet, parseCidr4(other.subnet)!))
        return fault(`${network.name} and ${other.name} overlap`, 'choose distinct subnets');
    }
  }
  return undefined;
}

function faultOfDeclared({ stacks, services, hosts, containers }: Declared): ConfigFault | undefined {
  const fault = (list: keyof Declared, text: string, hint: string): ConfigFault => ({
    key: `declared.${list}`,
    text,
    hint,
  });
  const twice = (list: keyof Declared, names: readonly string[], what = 'are named'): ConfigFault | undefined => {
    const name = repeated(names);
    return name === undefined ? undefined : fault(list, `two ${what} ${name}`, 'keep one of them');
  };
  const sidekick = services.find(({ primary, sidekicks, token }) => primary !== undefined && (sidekicks ?? token));
  const loose = containers.find(({ stack, service }) => service !== undefined && stack === undefined);
  return (
    twice(
      'stacks',
      stacks.map(({ name }) => name),
    ) ??
    twice(
      'hosts',
      hosts.map(({ name }) => name.toLowerCase()),
    ) ??
    twice(
      'hosts',
      hosts.flatMap(({ uuid }) => uuid ?? []),
      'have the uuid',
    ) ??
    twice(
      'services',
      services.map(({ stack, primary, name }) => [stack, primary ?? name, name].join('/')),
    ) ??
    twice(
      'containers',
      containers.map(({ host, name }) => (host === undefined ? name : `${name} on ${host}`).toLowerCase()),
    ) ??
    twice(
      'containers',
      containers.flatMap(({ uuid }) => uuid ?? []),
      'have the uuid',
    ) ??
    twice(
      'containers',
      containers.flatMap(({ network, ips }) => ips?.map((ip) => `${ip}${network ? ` in ${network}` : ''}`) ?? []),
      'have the address',
    ) ??
    (sidekick &&
      fault(
        'services',
        `${sidekick.name} is a sidekick with sidekicks or a token of its own`,
        'declare them at its primary service',
      )) ??
    (loose && fault('containers', `${loose.name} has a service and no stack`, 'name the stack too'))
  );
}

function repeated(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return names.find((name) => seen.size === seen.add(name).size);
}
