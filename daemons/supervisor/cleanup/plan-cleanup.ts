// Pure: what of Corral's is on a host, and nothing else: bridges, tunnels and containers' links by alias, routes by protocol, the
// address of metadata and DNS, chains by name, files by place or mark.
import { hooks, policyChain } from '../../shared/model/hooks.ts';
import { planRemoval } from '../../shared/reconcile/iptables-plan.ts';
import type { SavedTables } from '../../shared/reconcile/iptables-save.ts';

export interface FoundLink {
  readonly index: number;
  readonly name: string;
  readonly kind: string | undefined;
  readonly alias: string | undefined;
}

/** Sets of peers' outer addresses, which the overlay keeps. */
export const ownSets = ['corral-peers4', 'corral-peers6'] as const;

const networkKinds: ReadonlySet<string> = new Set(['bridge', 'vxlan', 'wireguard', 'xfrm']);

/** Deletes these: a bridge takes its routes and addresses along, a link its other end. */
export function ownLinks<L extends FoundLink>(links: readonly L[]): L[] {
  const isOurs = ({ kind, alias }: L): boolean =>
    (networkKinds.has(kind ?? '') && /^corral:[^:]+$/.test(alias ?? '')) ||
    (kind === 'veth' && /^corral:[^:]+:[^:]+:[^:]+$/.test(alias ?? ''));
  const rank = ({ kind }: L): number => (kind === 'bridge' ? 1 : 0);
  return links.filter(isOurs).sort((a, b) => rank(a) - rank(b));
}

/** Payload that removes every chain of the suite and the jumps to them. What others put into the policies' chain stays. */
export function planChainRemoval(have: SavedTables): { payload: string; changed: readonly string[] } {
  const policies = have.get('filter')?.get(policyChain) ?? [];
  const owns = (name: string): boolean => name.startsWith('CATTLE_') && (name !== policyChain || policies.length === 0);
  return planRemoval({ hooks, owner: 'network-manager', owns }, have);
}
