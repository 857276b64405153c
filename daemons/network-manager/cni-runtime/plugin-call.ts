// Pure: one call of a plugin as a runtime makes it (CNI specification 1.1.0, sections 2 and 3): environment and stdin.
import type { CorralArgs } from '../../../cni-plugins/library.ts';
import { isObject, type JsonObject } from '../../../cni-plugins/shared/json.ts';
import { parsePort } from '../../shared/model/ports.ts';
import type { PluginList } from '../cni-conf/plugin-lists.ts';

/** What is attached, as the plugins are told of it. */
export interface Subject {
  readonly containerId: string;
  readonly ifname: string;
  /** '' when it is gone. */
  readonly netns: string;
  readonly args: Readonly<Record<string, string>>;
  readonly corral: CorralArgs;
}

export type Verb = 'ADD' | 'DEL' | 'CHECK';

/** Rancher's order and names, which its plugins read; IgnoreUnknown lets the others pass them over. */
export function renderArgs({ args, corral }: Subject): string {
  const pairs: [string, string | null | undefined][] = [
    ['IgnoreUnknown', '1'],
    ['DOCKER', 'true'],
    ['RancherContainerUUID', corral.containerUuid],
    ['LinkMTUOverhead', args.LinkMTUOverhead],
    ['MACAddress', corral.requestedMac],
    ['IPAddress', corral.requestedIp],
  ];
  // A value with one of the separators would be another argument: it is left out.
  const safe = pairs.filter(([, value]) => value && /^[^;=\s]{1,256}$/.test(value));
  return safe.map(([name, value]) => `${name}=${value}`).join(';');
}

export function callEnvironment(verb: Verb, subject: Subject, path: readonly string[]): Record<string, string> {
  const usual = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/local/bin', '/usr/bin', '/bin'];
  return {
    CNI_COMMAND: verb,
    CNI_CONTAINERID: subject.containerId,
    CNI_NETNS: subject.netns,
    CNI_IFNAME: subject.ifname,
    CNI_ARGS: renderArgs(subject),
    CNI_PATH: path.join(':'),
    PATH: [...path, ...usual].join(':'),
  };
}

/** The plugin's element with what the runtime adds: name, version, the result so far, and what its capabilities ask for. */
export function callConfig(
  list: Pick<PluginList, 'name' | 'cniVersion'>,
  plugin: JsonObject,
  prevResult: JsonObject | undefined,
  subject: Subject,
): JsonObject {
  const runtimeConfig = runtimeConfigFor(plugin, subject);
  return {
    ...plugin,
    name: list.name,
    cniVersion: list.cniVersion,
    ...(runtimeConfig && { runtimeConfig }),
    ...(prevResult && { prevResult }),
  };
}

function runtimeConfigFor(plugin: JsonObject, { corral }: Subject): JsonObject | undefined {
  const capabilities = isObject(plugin.capabilities) ? plugin.capabilities : {};
  const has = (name: string): boolean => capabilities[name] === true;
  const config = {
    ...(has('portMappings') && { portMappings: portMappings(corral.ports ?? []) }),
    ...(has('ips') && corral.requestedIp && { ips: [corral.requestedIp] }),
    ...(has('mac') && corral.requestedMac && { mac: corral.requestedMac }),
  };
  return Object.keys(config).length > 0 ? config : undefined;
}

function portMappings(ports: readonly string[]): JsonObject[] {
  return ports.flatMap((text) => {
    const port = parsePort(text);
    if (!port) return [];
    const { ip, hostPort, containerPort, protocol } = port;
    return [{ hostPort, containerPort, protocol, ...(ip !== '0.0.0.0' && { hostIP: ip }) }];
  });
}

/** True if a plugin of the lists publishes ports itself. */
export function publishesPorts(lists: readonly PluginList[]): boolean {
  return lists.some(({ plugins }) =>
    plugins.some(({ capabilities }) => isObject(capabilities) && capabilities.portMappings === true),
  );
}
