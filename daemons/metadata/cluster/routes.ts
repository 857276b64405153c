// All that the command line and this host's daemons ask about networks, hosts, blocks, addresses and the store.
import type { Route } from '../../shared/daemon/http.ts';
import { claimRoutes } from './serve-claims.ts';
import { hostRoutes } from './serve-hosts.ts';
import { networkRoutes } from './serve-networks.ts';
import { type TransferContext, transferRoutes } from './serve-transfer.ts';

export function clusterRoutes(context: TransferContext): Route[] {
  return [...networkRoutes(context), ...hostRoutes(context), ...claimRoutes(context), ...transferRoutes(context)];
}
