// Work on all wanted chains at once, of which there may be hundreds with ten thousand rules.
import { inSlices } from '../../shared/reconcile/in-slices.ts';
import { type Chain, idOf, sameBody } from '../../shared/reconcile/iptables-plan.ts';
import type { SavedTables } from '../../shared/reconcile/iptables-save.ts';

const hashed = new WeakSet<readonly string[]>();

/** Computes the ids of rules that were never seen, and finds chains that are as wanted: both are remembered. */
export async function lookAtChains(chains: readonly Chain[], have: SavedTables): Promise<void> {
  await inSlices(looks(chains, have));
}

function* looks(chains: readonly Chain[], have: SavedTables): Generator<undefined, void> {
  for (const { table, chain, rules } of chains) {
    if (!hashed.has(rules)) {
      for (const rule of rules) {
        idOf(rule);
        yield;
      }
      hashed.add(rules);
    }
    sameBody(rules, have.get(table)?.get(chain));
    yield;
  }
}

export function sameChains(a: readonly Chain[], b: readonly Chain[]): boolean {
  return a.length === b.length && a.every((chain, at) => sameChain(chain, b[at]!));
}

function sameChain(a: Chain, b: Chain): boolean {
  if (a.table !== b.table || a.chain !== b.chain || a.rules.length !== b.rules.length) return false;
  return a.rules === b.rules || a.rules.every((rule, at) => rule === b.rules[at]);
}
