// The overlay's rules of one family. Only the tables with chains of ours are read: the one of published ports is the largest.
import type { Iptables } from '../../shared/effects/iptables.ts';
import type { Ipsets } from '../../shared/effects/netlink/ipset.ts';
import type { Ip } from '../../shared/effects/netlink.ts';
import { hooks } from '../../shared/model/hooks.ts';
import { planRules, type RulesPlan, type WantRules } from '../../shared/reconcile/iptables-plan.ts';
import { parseSave, type SavedTables } from '../../shared/reconcile/iptables-save.ts';
import type { Guard } from './guard.ts';
import { describeSetChange, keepPeerSet } from './peer-sets.ts';
import { type Family, isOverlayChain, peerIps, peerSet, type RuleNetwork, wantRules } from './want-rules.ts';

const tables = ['raw', 'mangle', 'filter'] as const;

export interface FamilyWish {
  readonly networks: readonly RuleNetwork[];
  readonly guards: readonly Guard[];
  readonly complete: boolean;
}

/** What was changed, in words. */
export interface Kept {
  readonly sets: readonly string[];
  readonly rules: readonly string[];
}

export class FamilyRules {
  readonly #family: Family;
  readonly #iptables: Iptables;
  readonly #sets: Ipsets;
  #known: SavedTables | undefined;
  /** What is in the set of peers, as far as this process knows. */
  #members: ReadonlySet<Ip> | undefined;
  /** Counts doubts: what was read or written while one came is not known for certain. */
  #doubts = 0;
  /** A family that was never of use is looked at once, for what a former run left. */
  #isClean = false;

  constructor(family: Family, iptables: Iptables, sets: Ipsets) {
    this.#family = family;
    this.#iptables = iptables;
    this.#sets = sets;
  }

  doubt(): void {
    this.#doubts += 1;
    this.#forget();
  }

  /** @throws COMMAND_*, NETLINK_*. */
  async keep(wish: FamilyWish): Promise<Kept> {
    const doubts = this.#doubts;
    try {
      return await this.#bring(wish);
    } finally {
      if (doubts !== this.#doubts) this.#forget();
    }
  }

  #forget(): void {
    this.#known = undefined;
    this.#members = undefined;
  }

  async #bring(wish: FamilyWish): Promise<Kept> {
    const want = this.#peers(wish);
    const set = peerSet(this.#family);
    const known = this.#members;
    this.#members = undefined; // until it is certain what was written
    const wishes = { name: set, family: this.#family, want, complete: wish.complete, known };
    const change = want.size > 0 ? await keepPeerSet(this.#sets, wishes) : undefined;
    this.#members = change?.members;
    const plan = await this.#plan(wish, change !== undefined);
    const sets =
      change && change.added + change.removed > 0 ? [`${set}: ${change.added} in, ${change.removed} out`] : [];
    if (!plan || plan.payload === '') return { sets, rules: [] };
    this.#known = undefined;
    await this.#iptables.restore(plan.payload);
    this.#known = plan.after;
    const suffix = this.#family === 6 ? ' (IPv6)' : '';
    return { sets, rules: plan.changed.map((name) => `${name}${suffix}`) };
  }

  async diff(wish: FamilyWish): Promise<string[]> {
    const set = peerSet(this.#family);
    const have = (await this.#sets.has(set)) ? await this.#sets.members(set) : undefined;
    const want = this.#peers(wish);
    const changes = have ? describeSetChange(set, want, new Set(have)) : [];
    const plan = await this.#plan(wish, have !== undefined && want.size > 0);
    return [...changes, ...(plan?.payload.split('\n') ?? []).filter((line) => line !== '' && line !== 'COMMIT')];
  }

  #peers({ networks }: FamilyWish): ReadonlySet<Ip> {
    return peerIps({ networks, family: this.#family });
  }

  /** undefined if this family is of no use here, and nothing of a former run is left. */
  async #plan({ networks, guards, complete }: FamilyWish, hasSets: boolean): Promise<RulesPlan | undefined> {
    const chains = wantRules({ networks, guards, family: this.#family, hasSets });
    if (chains.length === 0 && this.#isClean) return undefined;
    this.#known ??= await this.#read();
    const want: WantRules = { chains, hooks, owner: 'overlay', owns: isOverlayChain };
    const plan = planRules(complete ? want : additions(want, this.#known), this.#known);
    this.#isClean = chains.length === 0 && plan.payload === '';
    return plan;
  }

  async #read(): Promise<SavedTables> {
    const saved = new Map();
    for (const table of tables) {
      for (const [name, chains] of parseSave(await this.#iptables.save(table))) saved.set(name, chains);
    }
    return saved;
  }
}

/** On a doubtful word only chains that are missing are made; peers of a new host are in the set already. */
function additions(want: WantRules, have: SavedTables): WantRules {
  const chains = want.chains.filter(({ table, chain }) => !have.get(table)?.has(chain));
  const names = new Set(chains.map(({ chain }) => chain));
  return { ...want, chains, owns: (name) => names.has(name) };
}
