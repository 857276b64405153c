// The channel on which metadata learns of attachments, and what health, metrics and log say of it.
import type { DaemonContext } from '../../shared/daemon/life.ts';
import type { Refusal } from '../../shared/model/wire.ts';
import { Records } from '../../shared/source/records.ts';

export function openRecords(context: DaemonContext): Records {
  const { health, log, paths } = context;
  const refused = context.metrics.counter('corral_records_refused_total', 'records that metadata refused', ['code']);
  health.set('records', {
    ok: false,
    degradesOnly: true,
    code: 'NOT_RUNNING',
    text: 'metadata has acknowledged nothing yet',
  });
  return new Records({
    socketPath: paths.recordsSocket,
    source: 'network-manager',
    onState: (fault) =>
      health.set('records', {
        ok: !fault,
        degradesOnly: true,
        text: fault?.message ?? 'metadata knows every attachment',
        ...(fault && { code: fault.code }),
      }),
    onRefused: (refusals: readonly Refusal[]) => {
      for (const { key, code, reason } of refusals) {
        refused.inc({ code });
        log.warn({ event: 'record.refused', record: key, code }, reason);
      }
    },
  });
}
