// Opens the store, trying for ever: a full disk or a newer file is no reason to die, only to say so and wait. In a cluster the
// own file comes first; a host that never was in one waits for it, since it has nothing to serve.
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DaemonContext } from '../../shared/daemon/life.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import { backoffMs } from '../../shared/reconcile/backoff.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { hostOfUrl, ownAddress } from '../observe-host.ts';
import { openSqliteStore, type SqliteStore } from './sqlite.ts';
import type { Store } from './store.ts';

type Context = Pick<DaemonContext, 'config' | 'health' | 'log' | 'metrics'>;

export interface OpenedStore {
  readonly store: Store;
  readonly sqlite: SqliteStore;
  /** Undefined on a host of its own. */
  readonly cluster: Cluster | undefined;
}

/** `path`: the SQLite file. `onOpen` is told what there is before a cluster is joined, which may take long. */
export async function openStore(
  path: string,
  context: Context,
  bootId: string,
  onOpen: (opened: Omit<OpenedStore, 'store'>) => void,
): Promise<OpenedStore> {
  const sqlite = await openFile(path, context);
  const { config } = context;
  if (config.store.kind === 'sqlite') {
    onOpen({ sqlite, cluster: undefined });
    return { store: sqlite, sqlite, cluster: undefined };
  }
  // Loaded in a cluster alone: a host of its own keeps its memory.
  const { Cluster: Member } = await import('../cluster/cluster.ts');
  const agentIp = config.host.agentIp ?? (await ownAddress(hostOfUrl(config.store.endpoints[0]!)));
  const self = { name: config.host.name ?? hostname(), agentIp };
  const cluster = new Member({ ...context, sqlite, path, config: config.store, bootId, self: () => self });
  onOpen({ sqlite, cluster });
  cluster.start();
  await cluster.joined;
  return { store: cluster.store, sqlite, cluster };
}

async function openFile(path: string, { health, log }: Context): Promise<SqliteStore> {
  for (let failures = 1; ; failures += 1) {
    try {
      const { store, setAside } = openSqliteStore(path);
      if (setAside === undefined) health.set('store', { ok: true, text: path });
      else {
        log.error({ event: 'store.set-aside', path: setAside }, 'the store was broken; a new one was started');
        const text = `${path} was broken and is now ${setAside}; this host has a new identity and new blocks`;
        health.set('store', { ok: false, degradesOnly: true, code: 'STORE_CORRUPT', text });
      }
      return store;
    } catch (error) {
      if (!(error instanceof SuiteError)) throw error;
      const text = `${error.message}${error.hint ? `. ${error.hint}` : ''}`;
      if (health.set('store', { ok: false, code: error.code, text }))
        log.error({ event: 'store.unavailable', error }, text);
      await sleep(backoffMs(failures, Math.random()));
    }
  }
}
