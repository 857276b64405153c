// What people are told of the way to the store: one condition, one log line for each change of it.
import type { DaemonContext } from '../../shared/daemon/life.ts';
import { renderError, type SuiteError } from '../../shared/model/errors.ts';
import type { LinkState } from './link.ts';

/** `listed`: the store was read in this life, so that there is something to serve. */
export function reportLink(
  { health, log }: Pick<DaemonContext, 'health' | 'log'>,
  endpoints: string,
  { state, why, listed }: { state: LinkState; why: SuiteError | undefined; listed: boolean },
): void {
  if (state === 'reading') return;
  if (state === 'joined') {
    if (health.set('store', { ok: true, text: `etcd at ${endpoints}` }))
      log.info({ event: 'store.joined', endpoints }, 'the store is at hand');
    return;
  }
  const code = why?.code ?? 'STORE_UNAVAILABLE';
  const changed = health.set('store', {
    ok: false,
    degradesOnly: listed && code === 'STORE_UNAVAILABLE',
    code,
    text: plainReason(why, endpoints, listed),
    hint: why?.hint,
  });
  if (changed) log.warn({ event: 'store.cut-off', state, reason: why && renderError(why) }, 'the store is not at hand');
}

/** The same text for the same trouble, so that a report changes only when something does. */
function plainReason(why: SuiteError | undefined, endpoints: string, listed: boolean): string {
  if (why && why.code !== 'STORE_UNAVAILABLE') return why.message;
  return `etcd at ${endpoints} cannot be used; ${listed ? 'what was known last is served' : 'nothing was read yet'}`;
}
