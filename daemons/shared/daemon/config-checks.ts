// Pure: what no single key of the configuration can tell: names that are used twice, ranges that overlap.
import { overlaps, parseCidr4 } from '../model/ipv4.ts';
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
  return faultOfNetworks(config) ?? faultOfDeclared(config.declared);
}

function faultOfNetworks(config: Config): ConfigFault | undefined {
  const fault = (text: string, hint: string): ConfigFault => ({ key: 'networks', text, hint });
  if (config.networks.length === 1) config.networks[0]!.default = true;
  const defaults = config.networks.filter((network) => network.default);
  if (defaults.length !== 1)
    return fault(`${defaults.length} networks are the default`, 'give exactly one `default: true`');
  for (const [at, network] of config.networks.entries()) {
    const subnet = parseCidr4(network.subnet)!;
    if (network.block < subnet.prefix)
      return fault(
        `${network.name}: block /${network.block} is larger than ${network.subnet}`,
        'choose a longer block',
      );
    for (const other of config.networks.slice(at + 1)) {
      if (other.name === network.name) return fault(`two are named ${network.name}`, 'rename one');
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
