// Work on all wanted chains at once, of which there may be hundreds with ten thousand rules.
import { setImmediate as breathe } from 'node:timers/promises';
import { type Chain, idOf } from '../../shared/reconcile/iptables-plan.ts';

const rulesAtOnce = 500;
const hashed = new WeakSet<readonly string[]>();

/** Computes the ids of rules that were never seen, a few at a time: the first pass over many ports would hold up the loop. */
export async function hashInSlices(chains: readonly Chain[]): Promise<void> {
  let count = 0;
  for (const { rules } of chains) {
    if (hashed.has(rules)) continue;
    hashed.add(rules);
    for (const rule of rules) idOf(rule);
    count += rules.length;
    if (count < rulesAtOnce) continue;
    count = 0;
    await breathe();
  }
}

export function sameChains(a: readonly Chain[], b: readonly Chain[]): boolean {
  return a.length === b.length && a.every((chain, at) => sameChain(chain, b[at]!));
}

function sameChain(a: Chain, b: Chain): boolean {
  if (a.table !== b.table || a.chain !== b.chain || a.rules.length !== b.rules.length) return false;
  return a.rules === b.rules || a.rules.every((rule, at) => rule === b.rules[at]);
}
