// How full the kernel's table of connections is: a full one drops packets of new connections, and no other sign tells why.
import type { Metrics } from '../../shared/daemon/metrics.ts';
import { readSysctl } from '../../shared/effects/sysctl.ts';

export function measureConnections(metrics: Metrics): void {
  const read = (key: string): number => Number(readSysctl(`net/netfilter/${key}`) ?? 0); // none before the first rule
  metrics.gauge('corral_conntrack_entries', 'Connections in the table of the kernel', () => read('nf_conntrack_count'));
  metrics.gauge('corral_conntrack_limit', 'Connections that the table may hold', () => read('nf_conntrack_max'));
}
