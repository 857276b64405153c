// Opens the store, trying for ever: a full disk or a newer file is no reason to die, only to say so and wait.
import { setTimeout as sleep } from 'node:timers/promises';
import type { DaemonContext } from '../../shared/daemon/life.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import { backoffMs } from '../../shared/reconcile/backoff.ts';
import { openSqliteStore } from './sqlite.ts';
import type { Store } from './store.ts';

export async function openStore(path: string, { health, log }: Pick<DaemonContext, 'health' | 'log'>): Promise<Store> {
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
