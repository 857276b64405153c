// The rules keeper: the chains of network-manager and the jumps to them, in both families.
import type { KeeperMetrics } from '../../shared/daemon/keeper-metrics.ts';
import type { DaemonContext } from '../../shared/daemon/life.ts';
import type { Iptables, IptablesVersion } from '../../shared/effects/iptables.ts';
import type { Ipsets } from '../../shared/effects/netlink/ipset.ts';
import type { Cidr, Family, Ip } from '../../shared/model/ip.ts';
import { parseIp } from '../../shared/model/ip.ts';
import { serviceAddress6 } from '../../shared/model/networks.ts';
import type { Snapshot } from '../../shared/model/snapshot.ts';
import type { Chain } from '../../shared/reconcile/iptables-plan.ts';
import { Loop } from '../../shared/reconcile/loop.ts';
import { within } from '../../shared/reconcile/within.ts';
import { describeFailure } from '../networks/networks-health.ts';
import type { PublishedPorts } from '../ports/main.ts';
import type { PortClaim } from '../ports/port-claims.ts';
import { FamilyRules, nameOf } from './family-rules.ts';
import { keepLoopbackRoutes, loopbackRoutes } from './loopback-routes.ts';
import { type AddressReads, observeAddresses } from './observe.ts';
import { otherBackend, rulesOfOtherBackend } from './other-backend.ts';
import { ruleFacts } from './rule-facts.ts';
import { exclusionSet, type RuleFacts, wantRules } from './want-rules.ts';

/** Changes that come now and then are served at once (who leaves and comes back is two); of a storm of them, five a second. */
const quietMs = 5;
const restMs = 200;
const burst = 3;
const settleMs = 2_000;
const condition = 'rules';
const condition6 = 'rules-ipv6';

export interface RulesOptions {
  readonly context: Pick<DaemonContext, 'config' | 'log' | 'health'>;
  readonly netlink: AddressReads;
  readonly iptables: Readonly<Record<Family, Iptables>>;
  readonly ipsets: Pick<Ipsets, 'has'>;
  readonly metrics: KeeperMetrics;
  /** Networks of which no rule may speak. */
  readonly refused: () => ReadonlySet<string>;
  /** True while `onRulesChanged` is called for changes of nftables. */
  readonly hasNotices: () => boolean;
  readonly ports: PublishedPorts;
  readonly onPublished: (published: Published) => void;
}

/** What the rules publish from now on. */
export interface Published {
  /** By key. */
  readonly served: ReadonlyMap<string, PortClaim>;
  /** Keys that lead elsewhere than at the last call. */
  readonly changed: ReadonlySet<string>;
  /** Ranges of our networks. */
  readonly subnets: readonly Cidr[];
}

interface Wish {
  readonly served: ReadonlyMap<string, PortClaim>;
  readonly facts: Readonly<Record<Family, RuleFacts>>;
  readonly chains: Readonly<Record<Family, readonly Chain[]>>;
}

export class RulesKeeper {
  readonly #options: RulesOptions;
  readonly #loop: Loop;
  readonly #families: Readonly<Record<Family, FamilyRules>>;
  readonly #services: Readonly<Record<Family, { address: Ip; metadataPort: number }>>;
  #snapshot: Snapshot | undefined;
  /** Keys of ports whose change is not written, or not told, yet. */
  readonly #untold = new Set<string>();
  /** No IPv6 is wanted, and nothing of ours is left of it. */
  #isIpv6Over = false;
  #waiting: (() => void)[] = [];

  constructor(options: RulesOptions) {
    this.#options = options;
    const { log, health, config } = options.context;
    const family = (which: Family): FamilyRules =>
      new FamilyRules({
        iptables: options.iptables[which],
        log,
        metrics: options.metrics,
        hasNotices: options.hasNotices,
        poke: () => this.poke(),
      });
    this.#families = { 4: family(4), 6: family(6) };
    const { address, port: metadataPort } = config.metadata;
    this.#services = {
      4: { address: parseIp(address)!, metadataPort },
      6: { address: parseIp(serviceAddress6)!, metadataPort },
    };
    health.set(condition, { ok: false, code: 'NOT_READY', text: 'waits for the first snapshot of metadata' });
    this.#loop = new Loop({
      pass: () => this.#pass(),
      failed: (error, failures) => this.#failed(error, failures),
      quietMs,
      restMs,
      burst,
      everyMs: () => {
        const usual = this.#families[4].lookAgainMs;
        return this.#isIpv6Over ? usual : Math.min(usual, this.#families[6].lookAgainMs);
      },
    });
  }

  onSnapshot(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    this.#loop.poke();
  }

  poke(): void {
    if (this.#snapshot) this.#loop.poke();
  }

  /** Somebody wrote rules, or we did. */
  onRulesChanged(): void {
    const others = [this.#families[4], this.#families[6]].filter((family) => family.onRulesChanged());
    if (others.length > 0) this.poke();
  }

  /** Resolves when a pass that begins from now on has ended, whatever came of it, or after 2 s. */
  async settle(): Promise<void> {
    if (!this.#snapshot) return;
    const passed = new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#loop.poke();
    await within(settleMs, 'wait for the rules', passed).catch(() => undefined);
  }

  close(): Promise<void> {
    this.#families[4].close();
    this.#families[6].close();
    return this.#loop.close();
  }

  async #pass(): Promise<void> {
    const waiting = this.#waiting.splice(0);
    try {
      if (this.#snapshot) await this.#keep(this.#snapshot);
    } finally {
      for (const resolve of waiting) resolve();
    }
  }

  /** What a pass would write now, lines of iptables-restore and, with `ipv6:`, of ip6tables-restore. Changes nothing. */
  async diff(): Promise<string[]> {
    if (!this.#snapshot) return [];
    const { complete } = this.#snapshot;
    const { chains } = await this.#want(this.#snapshot);
    const lines = await this.#families[4].diff(chains[4], complete);
    if (chains[6].length === 0 && this.#isIpv6Over) return lines;
    return [...lines, ...(await this.#families[6].diff(chains[6], complete)).map((line) => `ipv6: ${line}`)];
  }

  async #want(snapshot: Snapshot): Promise<Wish> {
    const { netlink, refused, ports, ipsets } = this.#options;
    const host = await observeAddresses(netlink);
    const excludes = await ipsets.has(exclusionSet);
    const chosen = await ports.choose(snapshot, host, refused());
    for (const key of chosen.changed) this.#untold.add(key);
    const factsOf = (family: Family): RuleFacts =>
      ruleFacts({
        snapshot,
        addresses: host.addresses,
        service: this.#services[family],
        refused: refused(),
        ports: chosen.rules[family],
        excludes: excludes && family === 4,
      });
    const facts = { 4: factsOf(4), 6: factsOf(6) };
    return { served: chosen.served, facts, chains: { 4: wantRules(facts[4]), 6: wantRules(facts[6]) } };
  }

  async #keep(snapshot: Snapshot): Promise<void> {
    const { context, ports } = this.#options;
    const wish = await this.#want(snapshot);
    const { facts, chains } = wish;
    const untold = new Set(this.#untold);
    const { version, former } = await this.#families[4].bring(chains[4], snapshot.complete);
    keepLoopbackRoutes(loopbackRoutes(facts[4]));
    context.health.set(condition, { ok: true, text: `${chains[4].length} chains by ${nameOf(version)}` });
    const former6 = await this.#keepIpv6(chains[6], snapshot.complete);
    for (const key of [...former, ...former6]) {
      this.#untold.add(key);
      untold.add(key);
    }
    if (snapshot.complete) this.#tell(wish, untold);
    await ports.report();
    await this.#lookAside(version);
  }

  /** Where no IPv6 is wanted, the host is asked once whether something of ours was left. */
  async #keepIpv6(chains: readonly Chain[], complete: boolean): Promise<Iterable<string>> {
    if (chains.length === 0 && this.#isIpv6Over) return [];
    const { health } = this.#options.context;
    try {
      const { version, former } = await this.#families[6].bring(chains, complete);
      this.#isIpv6Over = chains.length === 0 && complete;
      const text = `${chains.length} chains by ${nameOf(version)}`;
      if (chains.length > 0) health.set(condition6, { ok: true, text, degradesOnly: true });
      else health.drop(condition6);
      return former;
    } catch (error) {
      // Without ip6tables there cannot be anything of ours, and nobody asked for it.
      this.#isIpv6Over = chains.length === 0;
      if (this.#isIpv6Over) {
        health.drop(condition6);
        return [];
      }
      health.set(condition6, { ok: false, ...describeFailure(error), degradesOnly: true });
      throw error;
    }
  }

  #tell({ served, facts }: Wish, changed: ReadonlySet<string>): void {
    const subnets = [...facts[4].networks, ...facts[6].networks].map(({ subnet }) => subnet);
    this.#options.onPublished({ served, changed, subnets });
    for (const key of changed) this.#untold.delete(key);
  }

  async #lookAside({ backend }: IptablesVersion): Promise<void> {
    const count = (await rulesOfOtherBackend(backend)) ?? 0;
    const other = otherBackend(backend);
    const text = `${other} holds ${count} rules of others`;
    const hint = `packets pass both, so a DROP there wins; see ${other}-save`;
    this.#options.context.health.set('rules-backend', {
      ok: count === 0,
      text: count === 0 ? text : `${text}: ${hint}`,
      degradesOnly: true,
    });
  }

  #failed(error: unknown, failures: number): void {
    const { context, metrics } = this.#options;
    metrics.failed();
    context.health.set(condition, { ok: false, ...describeFailure(error) });
    if (failures === 1) context.log.warn({ event: 'rules.failed', error }, 'rules are not as wanted; tries again');
  }
}
