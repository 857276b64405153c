// Pure: the lease of an attachment that other plugins made. It holds the lists as they were used and each one's last result,
// so that DEL needs neither the configuration of today nor a cache beside it.
import type { AttachmentRef, CniResult, Lease } from '../../../cni-plugins/library.ts';
import { isObject, type JsonObject } from '../../../cni-plugins/shared/json.ts';
import { parseResult } from '../../../cni-plugins/shared/parse-result.ts';
import { emptyResult } from '../../../cni-plugins/shared/result.ts';
import { parseInterface, renderInterface } from '../../shared/model/ip.ts';
import type { PluginList } from '../cni-conf/plugin-lists.ts';
import type { RawResults } from './run-lists.ts';

/** What a lease's configuration holds beside that of any other. */
export interface ForeignConfig extends JsonObject {
  readonly lists: readonly PluginList[];
  /** null: the list did not get so far. */
  readonly lastResults: RawResults;
}

export function foreignConfig(
  config: JsonObject,
  lists: readonly PluginList[],
  lastResults: RawResults,
): ForeignConfig {
  return { ...config, type: 'lists', lists, lastResults };
}

/** undefined for a lease that Corral's own plugins made. */
export function asForeign(config: JsonObject): ForeignConfig | undefined {
  const { lists, lastResults } = config;
  const isList = (one: unknown): boolean => isObject(one) && Array.isArray(one.plugins) && one.plugins.every(isObject);
  return Array.isArray(lists) && lists.every(isList) && Array.isArray(lastResults)
    ? (config as unknown as ForeignConfig)
    : undefined;
}

/** What the lists came to: the last result with addresses counts. */
export function outcomeOf(
  raw: readonly JsonObject[],
  ref: Pick<AttachmentRef, 'ifname'>,
): Pick<Lease, 'addresses' | 'mac' | 'hostVeth' | 'result'> | undefined {
  const results = raw.map((one) => parseResult(one));
  const result: CniResult = results.filter((one) => one !== undefined && one.ips.length > 0).at(-1) ?? emptyResult;
  const addresses = result.ips.map(({ address }) => parseInterface(address));
  if (addresses.length === 0 || addresses.includes(undefined)) return undefined;
  const own = result.interfaces.find(({ sandbox, name }) => sandbox && name === ref.ifname);
  const host = result.interfaces.filter(({ sandbox, name }) => !sandbox && name.startsWith('veth'));
  return {
    addresses: addresses.map((address) => renderInterface(address!)),
    mac: own?.mac ?? '',
    hostVeth: host[0]?.name ?? null,
    result,
  };
}
