// Pure: the host's packet filters.
import type { Hook } from '../../../shared/model/hooks.ts';
import type { SavedTables } from '../../../shared/reconcile/iptables-save.ts';
import { fail, namesOf, pass, type Verdict, warn } from '../verdict.ts';

export interface Backends {
  /** The one that `iptables` of this host writes, and so Corral. */
  readonly own: 'nft' | 'legacy';
  /** Rules in the other one; null: it cannot be read here. */
  readonly others: { readonly foreign: number; readonly ours: number } | null;
  /** Base chains of other programs' nftables tables that drop what nobody accepts: `inet firewalld filter_FORWARD`. */
  readonly dropping: readonly string[];
}

export function judgeBackends({ own, others, dropping }: Backends): Verdict {
  const other = own === 'nft' ? 'iptables-legacy' : 'iptables-nft';
  if (others && others.ours > 0) {
    return fail(
      `${others.ours} rules of Corral are in ${other} too, from before iptables was switched to ${own}`,
      `remove them: ${other}-save | grep -v CATTLE_ | ${other}-restore`,
    );
  }
  if (others && others.foreign > 0) {
    return warn(
      `this host writes with ${own}, and ${other} holds ${others.foreign} rules of others: a packet passes both`,
      `look with ${other} -S; a DROP there wins over every ACCEPT of ours`,
    );
  }
  if (dropping.length > 0) {
    return warn(
      `nftables drops by default in ${namesOf(dropping)}`,
      'let that program accept the bridges of Corral and the ports of the overlay: it sees every packet too',
    );
  }
  return pass(`${own}, and no other filter has a say`);
}

/** Rules of others that stand before a jump of ours where that matters, or jumps that are missing. */
export function judgeOrder(tables: SavedTables, hooks: readonly Hook[]): Verdict {
  const chains = hooks.filter(({ table, chain }) => tables.get(table)?.has(chain));
  if (chains.length === 0)
    return fail('no chain of Corral is there', 'network-manager makes them once it is ready: corral status');
  const missing = chains.filter((hook) => positionOf(tables, hook) < 0);
  if (missing.length > 0) {
    return fail(
      `nothing leads to ${namesOf(missing.map(({ chain }) => chain))}`,
      'network-manager and overlay put the jump back within 10 s; if it is gone again, another program removes it',
    );
  }
  const behind = chains.flatMap((hook) => {
    const rules = tables.get(hook.table)?.get(hook.builtin) ?? [];
    const blocker = rules.slice(0, positionOf(tables, hook)).find(({ text }) => /-j (DROP|REJECT)\b/.test(text));
    return blocker ? [`${hook.builtin} has “${blocker.text}” before ${hook.chain}`] : [];
  });
  if (behind.length === 0) return pass(`${chains.length} chains are jumped to before any rule that drops`);
  return fail(
    namesOf(behind),
    'the jump is moved to the front within 10 s; if it falls back, another program inserts above it',
  );
}

function positionOf(tables: SavedTables, { table, builtin, chain }: Hook): number {
  const rules = tables.get(table)?.get(builtin) ?? [];
  return rules.findIndex(({ text }) => new RegExp(`-j ${chain}(\\s|$)`).test(text));
}
