// Pure: what may be written while the snapshot is stale: additions only.
import { idOf, type WantRules } from '../../shared/reconcile/iptables-plan.ts';
import type { SavedTables } from '../../shared/reconcile/iptables-save.ts';

/**
 * The part of the wish that removes nothing: chains of which every present rule is wanted too. A chain with another rule of
 * ours stays as it is, hook included, until it is certain that the rule's network is gone.
 */
export function additionsOnly(want: WantRules, have: SavedTables): WantRules {
  const chains = want.chains.filter((chain) => {
    const wanted = new Set(chain.rules.map(idOf));
    const present = have.get(chain.table)?.get(chain.chain) ?? [];
    return present.every((rule) => rule.id === undefined || wanted.has(rule.id));
  });
  const names = new Set(chains.map(({ chain }) => chain));
  return { ...want, chains, owns: (name) => names.has(name) };
}
