// What metrics and log say of attachments.
import type { Lease } from '../../../cni-plugins/library.ts';
import type { DaemonContext } from '../../shared/daemon/life.ts';
import type { LeaseBook } from './lease-book.ts';

export interface Tellers {
  onAttached(lease: Lease, seconds: number): void;
  onDetached(lease: Lease): void;
  onPortsSkipped(container: { readonly name: string }, skipped: readonly string[]): void;
}

export function tellersFor(context: DaemonContext, book: Pick<LeaseBook, 'all'>): Tellers {
  const { log, metrics } = context;
  const seconds = metrics.histogram(
    'corral_attach_seconds',
    'from the look at a container to its address',
    [0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 1, 5],
  );
  return {
    onAttached(lease: Lease, took: number): void {
      seconds.observe(took);
      const { name } = lease.attachment;
      const fields = { container: lease.containerId, name, network: lease.network, address: lease.addresses[0] };
      log.info(
        { event: 'attachment.added', ...fields, ms: Math.round(took * 1000), total: book.all().length },
        'attached',
      );
    },
    onDetached(lease: Lease): void {
      const { containerId: container, network } = lease;
      log.info({ event: 'attachment.removed', container, name: lease.attachment.name, network }, 'detached');
    },
    onPortsSkipped(container: { readonly name: string }, skipped: readonly string[]): void {
      log.warn({ event: 'ports.skipped', name: container.name, ports: skipped }, 'ports that cannot be published');
    },
  };
}
