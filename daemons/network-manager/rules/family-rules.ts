// The chains and jumps of one family (iptables, ip6tables): compares what is wanted with what the host holds and writes the
// difference. Soon after each write it looks again, because who overwrites rules does so in bursts (a firewall that reloads).
import type { KeeperMetrics } from '../../shared/daemon/keeper-metrics.ts';
import type { DaemonContext } from '../../shared/daemon/life.ts';
import type { Iptables, IptablesVersion } from '../../shared/effects/iptables.ts';
import { hooks, policyChain } from '../../shared/model/hooks.ts';
import { inSlices } from '../../shared/reconcile/in-slices.ts';
import { type Chain, planRulesInSlices, type RulesPlan, type WantRules } from '../../shared/reconcile/iptables-plan.ts';
import { parseSave, type SavedTables } from '../../shared/reconcile/iptables-save.ts';
import { formerPorts } from '../ports/former-ports.ts';
import { additionsOnly } from './additions.ts';
import { lookAtChains, sameChains } from './chains.ts';
import { KnownRules } from './known-rules.ts';

const recheckMs = [1_000, 2_000, 4_000];
/** A fight with another program is told once a minute, not once a second. */
const quietLogMs = 60_000;
/** The kernel's notices of our own writes arrive within this time. */
const ownEchoMs = 500;
const left = [{ table: 'filter', chain: policyChain }] as const;

export interface FamilyRulesOptions {
  readonly iptables: Iptables;
  readonly log: DaemonContext['log'];
  readonly metrics: KeeperMetrics;
  /** True while `doubt` is called for changes of nftables. */
  readonly hasNotices: () => boolean;
  /** Called when the rules should be looked at again. */
  readonly poke: () => void;
}

export interface Brought {
  readonly version: IptablesVersion;
  /** Keys of ports that the rules published at the first look: what a predecessor of this process had left. Later: none. */
  readonly former: ReadonlySet<string>;
}

export class FamilyRules {
  readonly #options: FamilyRulesOptions;
  readonly #known: KnownRules;
  #version: IptablesVersion | undefined;
  /** The wish that was fulfilled last: to write for it again is to heal. */
  #fulfilled: readonly Chain[] | undefined;
  #rechecks: NodeJS.Timeout[] = [];
  #toldAt = Number.NEGATIVE_INFINITY;
  #isWriting = false;
  #wroteAt = Number.NEGATIVE_INFINITY;

  constructor(options: FamilyRulesOptions) {
    this.#options = options;
    this.#known = new KnownRules(options.iptables, () => this.#version?.backend === 'nft' && options.hasNotices());
  }

  get lookAgainMs(): number {
    return this.#known.lookAgainMs;
  }

  /** Somebody wrote rules; what this process wrote itself is looked at again later anyway. False if it was us. */
  onRulesChanged(): boolean {
    if (this.#isWriting || performance.now() - this.#wroteAt < ownEchoMs) return false;
    this.#known.doubt();
    return true;
  }

  /** @param complete false: nothing may be removed. @throws COMMAND_*. */
  async bring(chains: readonly Chain[], complete: boolean): Promise<Brought> {
    this.#version ??= await this.#describe();
    const have = await this.#known.read();
    await lookAtChains(chains, have);
    const plan = await planFor(chains, complete, have);
    this.#options.metrics.pass();
    if (plan.payload !== '') {
      await this.#write(plan);
      this.#account(plan, have, chains);
    }
    const former = this.#fulfilled === undefined ? formerPorts(have) : new Set<string>();
    this.#fulfilled = chains;
    return { version: this.#version, former };
  }

  /** What `bring` would write now, lines of iptables-restore. Changes nothing. */
  async diff(chains: readonly Chain[], complete: boolean): Promise<string[]> {
    const plan = await planFor(chains, complete, parseSave(await this.#options.iptables.save()));
    return plan.payload.split('\n').filter((line) => line !== '' && line !== 'COMMIT');
  }

  close(): void {
    for (const timer of this.#rechecks) clearTimeout(timer);
  }

  async #describe(): Promise<IptablesVersion> {
    const { iptables, log } = this.#options;
    const version = await iptables.describe();
    const text = `writes with ${nameOf(version)}, as this host's iptables does`;
    log.info({ event: 'rules.backend', family: iptables.family, ...version }, text);
    return version;
  }

  async #write(plan: RulesPlan): Promise<void> {
    this.#isWriting = true;
    try {
      await this.#known.write(plan);
    } finally {
      this.#isWriting = false;
      this.#wroteAt = performance.now();
    }
  }

  #account(plan: RulesPlan, have: SavedTables, wish: readonly Chain[]): void {
    const { metrics, log, iptables } = this.#options;
    const heals = this.#fulfilled !== undefined && sameChains(this.#fulfilled, wish);
    if (heals) metrics.healed(plan.changed.length);
    else metrics.wrote(plan.changed.length);
    for (const timer of this.#rechecks) clearTimeout(timer);
    this.#rechecks = recheckMs.map((ms) => setTimeout(() => this.#recheck(), ms).unref());
    const now = performance.now();
    if (heals && now - this.#toldAt < quietLogMs) return;
    this.#toldAt = heals ? now : this.#toldAt;
    const event = heals ? 'rules.healed' : 'rules.changed';
    const fields = { event, family: iptables.family, changed: plan.changed, tables: have.size };
    log.info(fields, `wrote ${plan.changed.join(', ')}`);
  }

  #recheck(): void {
    this.#known.doubt();
    this.#options.poke();
  }
}

function planFor(chains: readonly Chain[], complete: boolean, have: SavedTables): Promise<RulesPlan> {
  const isWanted = chains.length > 0;
  const want: WantRules = {
    chains,
    hooks,
    left: isWanted ? left : [],
    owner: 'network-manager',
    owns: (name) => isOwnChain(name) && (isWanted || name !== policyChain),
  };
  return inSlices(planRulesInSlices(complete ? want : additionsOnly(want, have), have));
}

/** The originals' prefix; what the overlay keeps has a longer one. */
export function isOwnChain(name: string): boolean {
  return name.startsWith('CATTLE_') && !name.startsWith('CATTLE_OVERLAY_');
}

export function nameOf({ version, backend }: IptablesVersion): string {
  return `iptables ${version} (${backend})`;
}
