// Pure: what a network's CNI configuration asks for, as lists of plugins (CNI specification 1.1.0, section 1). It comes from
// metadata, so each name that becomes a file or a program is checked.
import { isObject, type JsonObject, textOf } from '../../../cni-plugins/shared/json.ts';
import { type CniVersion, isSupported } from '../../../cni-plugins/shared/versions.ts';
import type { Labels, NetworkObject } from '../../shared/model/objects.ts';
import { withHostLabels } from './host-labels.ts';

export interface PluginList {
  readonly name: string;
  readonly cniVersion: CniVersion;
  /** In the order of ADD; each has a `type` that may name a program. */
  readonly plugins: readonly JsonObject[];
}

export interface CniFile {
  readonly name: string;
  /** With the host's values in it. */
  readonly config: JsonObject;
}

/** Corral's own plugins, by all of their names. */
const ownTypes = new Set(['corral-bridge', 'rancher-bridge']);

const maxFiles = 16;
const maxPlugins = 16;

/** The files of a network with names that may be files, in order of their names; the others are named in `refused`. */
export function cniFiles(network: NetworkObject, labels: Labels): { files: CniFile[]; refused: string[] } {
  const entries = Object.entries(network.cniConfig ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const refused: string[] = [];
  const files: CniFile[] = [];
  for (const [name, config] of entries) {
    if (isCniFileName(name) && isObject(config) && files.length < maxFiles) {
      files.push({ name, config: withHostLabels(config, labels) });
    } else refused.push(name.slice(0, 80));
  }
  return { files, refused };
}

/** What libcni reads: `.conf`, `.conflist`, `.json`; no folder, no hidden file. */
export function isCniFileName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9_.-]{0,100}\.(conf|conflist|json)$/.test(name);
}

/** True if plugins of others make the network's links, so that Corral keeps no bridge for it. */
export function isForeign(network: NetworkObject): boolean {
  const configs = Object.values(network.cniConfig ?? {});
  return configs.some((config) => pluginsOf(config).some((plugin) => !ownTypes.has(String(plugin.type))));
}

/** Names of the bridges that the reference plugin `bridge`, or one that is configured like it, makes for a network. */
export function bridgesOfPlugins(network: NetworkObject): ReadonlySet<string> {
  const plugins = Object.values(network.cniConfig ?? {}).flatMap(pluginsOf);
  return new Set(plugins.flatMap(({ type, bridge }) => textOf(bridge, 15) ?? (type === 'bridge' ? 'cni0' : [])));
}

/** The list in a file, or a sentence that says why there is none. */
export function parsePluginList(file: CniFile): PluginList | { readonly fault: string } {
  const { name: fileName, config } = file;
  const fault = (text: string): { fault: string } => ({ fault: `${fileName}: ${text}` });
  const name = textOf(config.name, 100);
  if (name === undefined || !/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(name)) return fault('it has no valid name');
  const version = config.cniVersion ?? '0.2.0';
  if (!isSupported(version)) return fault(`cniVersion ${JSON.stringify(version)?.slice(0, 40)} is not known`);
  const plugins = pluginsOf(config);
  if (plugins.length === 0 || plugins.length > maxPlugins) return fault(`it lists ${plugins.length} plugins`);
  const bad = plugins.find(({ type }) => !isProgramName(type));
  if (bad) return fault(`type ${JSON.stringify(bad.type)?.slice(0, 80)} names no program`);
  const own = plugins.find(({ type }) => ownTypes.has(String(type)));
  if (own) return fault(`${own.type} is Corral's own and cannot stand beside other plugins`);
  return { name, cniVersion: version, plugins };
}

export function isProgramName(type: unknown): type is string {
  return typeof type === 'string' && /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/.test(type);
}

function pluginsOf(config: JsonObject): JsonObject[] {
  if (config.plugins === undefined) return [config];
  return Array.isArray(config.plugins) ? config.plugins.filter(isObject) : [];
}
