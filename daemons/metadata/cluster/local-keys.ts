// A host of its own as it would look in a cluster's store: for the export, and for the move into a cluster.
import type { Config } from '../../shared/daemon/config.ts';
import { renderCidr4 } from '../../shared/model/ipv4.ts';
import type { Snapshot } from '../../shared/model/snapshot.ts';
import type { SqliteStore } from '../store/sqlite.ts';
import { shared } from './cluster-networks.ts';
import { clusterDeclared } from './declared.ts';
import { renderKey } from './keys.ts';
import type { AddressValue, BlockValue } from './values.ts';

export interface LocalParts {
  readonly sqlite: SqliteStore;
  readonly snapshot: Snapshot;
  readonly declared: Config['declared'];
  readonly bootId: string;
}

/** Values by key. Tokens are left out: they stay in the file. */
export async function localKeys({ sqlite, snapshot, declared, bootId }: LocalParts): Promise<Map<string, string>> {
  const keys = new Map<string, string>();
  const { hostId } = sqlite.identity;
  const own = snapshot.get('host', hostId);
  for (const plan of (await sqlite.networks()).values())
    keys.set(renderKey({ at: 'network', name: plan.name }), JSON.stringify(shared(plan)));
  for (const { network, block, number } of sqlite.ownBlocks()) {
    const value: BlockValue = { hostId, order: number };
    keys.set(renderKey({ at: 'block', network, cidr: renderCidr4(block) }), JSON.stringify(value));
  }
  for (const { network, ip, owner } of sqlite.ownAddresses()) {
    const value: AddressValue = { hostId, owner };
    keys.set(renderKey({ at: 'address', network, ip }), JSON.stringify(value));
  }
  if (own) for (const [key, text] of clusterDeclared({ held: [], file: declared, own }).propose) keys.set(key, text);
  for (const { record } of await sqlite.recall(bootId)) {
    if (record.kind !== 'container' || record.hostId !== hostId) continue;
    keys.set(renderKey({ at: 'container', host: hostId, id: record.id }), JSON.stringify(record));
  }
  if (own) {
    const { kind: _, ...fields } = own;
    keys.set(renderKey({ at: 'info', host: hostId }), JSON.stringify(fields));
  }
  return keys;
}
