// What the routes of networks, hosts, blocks, addresses and the store work with.
import type { Config } from '../../shared/daemon/config.ts';
import { type Context, readJson } from '../../shared/daemon/http.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import type { NetworkObject } from '../../shared/model/objects.ts';
import type { State } from '../state.ts';
import type { SqliteStore } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';
import type { Cluster } from './cluster.ts';

export interface ServeContext {
  readonly state: State;
  readonly store: Store;
  readonly sqlite: SqliteStore;
  /** Undefined on a host of its own. */
  readonly cluster: Cluster | undefined;
  /** The configuration file's path, for messages. */
  readonly configPath: string;
  /** The configuration as it is now. */
  readonly config: () => Config;
  /** Looks at the store and the cluster again soon. */
  readonly poke: () => void;
}

/** The body's fields. Throws USAGE for anything but an object. */
export async function bodyOf(http: Context): Promise<Readonly<Record<string, unknown>>> {
  const body = await readJson(http);
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new SuiteError('USAGE', 'send a body that is no object');
  return body as Readonly<Record<string, unknown>>;
}

/** A text field. Throws USAGE. */
export function textOf(body: Readonly<Record<string, unknown>>, field: string): string {
  const value = body[field];
  if (typeof value === 'string' && value !== '' && value.length <= 255) return value;
  throw new SuiteError('USAGE', `read ${field}: ${JSON.stringify(value)?.slice(0, 80)}`, { hint: 'a text is needed' });
}

/** The network of that name in the snapshot. Throws NETWORK_UNKNOWN. */
export function networkOf({ state }: ServeContext, name: string): NetworkObject {
  for (const network of state.snapshot.all('network')) if (network.name === name) return network;
  throw new SuiteError('NETWORK_UNKNOWN', `find the network ${name.slice(0, 80)}`, {
    hint: 'corral network ls shows which there are',
  });
}
