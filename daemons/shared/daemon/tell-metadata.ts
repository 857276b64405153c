// What a daemon tells of its source: without metadata it goes on by the last snapshot.
import type { SuiteError } from '../model/errors.ts';
import type { DaemonContext } from './life.ts';

/** Sets the condition `metadata` and logs when it changes. @param fault undefined: metadata answers */
export function tellMetadata({ health, log }: DaemonContext, fault: SuiteError | undefined): void {
  const changed = health.set('metadata', {
    ok: !fault,
    degradesOnly: true,
    text: fault?.message ?? 'follows the snapshot',
    ...(fault && { code: fault.code }),
  });
  if (!changed) return;
  if (fault) log.warn({ event: 'metadata.lost', error: fault }, 'metadata is away; the last snapshot is used');
  else log.info({ event: 'metadata.connected' }, 'follows the snapshot');
}
