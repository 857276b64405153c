// Pure: the CNI configurations that runtimes find on this host: one folder a network, from `cniConfig`, and the link
// `managed.d` to the default network's, by which Rancher's programs name it.
import { isNetworkName } from '../../shared/model/networks.ts';
import type { Paths } from '../../shared/model/paths.ts';
import type { Snapshot } from '../../shared/model/snapshot.ts';
import { cniFiles } from './plugin-lists.ts';

export interface WantConf {
  /** Path to content. */
  readonly files: ReadonlyMap<string, string>;
  /** What `managed.d` leads to; undefined without a default network. */
  readonly managed: string | undefined;
  /** One sentence for each file that cannot be. */
  readonly faults: readonly string[];
}

export function wantConf(snapshot: Snapshot, paths: Pick<Paths, 'cniConf'>): WantConf {
  const labels = snapshot.get('host', snapshot.hostId)?.labels ?? {};
  const files = new Map<string, string>();
  const faults: string[] = [];
  let managed: string | undefined;
  for (const network of snapshot.all('network')) {
    if (!isNetworkName(network.name)) continue;
    if (network.isDefault) managed = `${network.name}.d`;
    const found = cniFiles(network, labels);
    for (const { name, config } of found.files) {
      files.set(`${paths.cniConf}/${network.name}.d/${name}`, `${JSON.stringify(sorted(config), undefined, 2)}\n`);
    }
    for (const name of found.refused) {
      faults.push(`${network.name}: ${JSON.stringify(name)} is no name of a CNI configuration (x.conf, x.conflist)`);
    }
  }
  return { files, managed, faults };
}

/** Keys in order, so that equal configurations are equal files. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, item]) => [name, sorted(item)]),
  );
}
