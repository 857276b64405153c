// Keeps secret networks closed in the kernel: the policies of plan-blocks.ts, the devices that are exempt from them, the rules of
// refuse-own.ts. They stand before a driver makes the first tunnel and until it has removed the last.
import { existsSync } from 'node:fs';
import type { DaemonContext } from '../../shared/daemon/life.ts';
import type { Xfrm } from '../../shared/effects/netlink/xfrm.ts';
import type { Netlink } from '../../shared/effects/netlink.ts';
import { readSysctl } from '../../shared/effects/sysctl.ts';
import { exemptions } from '../../shared/model/block.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import { renderRange } from '../addresses.ts';
import type { Outcome, OverlayDriver } from '../driver.ts';
import { ensureSettings } from '../ensure-settings.ts';
import type { HostFacts } from '../host-facts.ts';
import { describeFailure } from '../overlay-health.ts';
import type { GuardedNetwork, Wish } from '../overlay-network.ts';
import { type BlockStep, type Closed, planPolicies, wantPolicies } from './plan-blocks.ts';
import { planRefusals, type RuleStep, wantRefusals } from './refuse-own.ts';

export interface BlockOptions {
  readonly context: Pick<DaemonContext, 'health'>;
  readonly xfrm: Xfrm;
  readonly netlink: Pick<Netlink, 'getLink' | 'listRules' | 'addRule' | 'dropRule'>;
  readonly drivers: readonly OverlayDriver[];
  /** Default: whether there are settings of it. */
  readonly has6?: () => boolean;
}

const condition = 'overlay-block';
const nothing: Outcome = { done: [], writes: 0, faults: [], failed: [] };

export class BlockKeeper {
  readonly #options: BlockOptions;
  /** No network is secret, and nothing of a former life is left. */
  #isClean = false;

  constructor(options: BlockOptions) {
    this.#options = options;
  }

  /**
   * Before the drivers' work and, for the devices that they made, after it.
   * @param complete false: only what is missing is added
   * @returns as failed what the kernel refused: nothing of a secret network may be connected then
   */
  async keep(wish: Wish, facts: HostFacts, complete: boolean): Promise<Outcome> {
    const isUsed = wish.guarded.length > 0;
    if (!isUsed && this.#isClean) return nothing;
    const { health } = this.#options.context;
    try {
      const { done, lacks } = await this.#close(wish, facts, complete);
      this.#isClean = !isUsed && complete;
      if (isUsed) health.set(condition, stateOf(wish.guarded.length, lacks));
      else health.drop(condition);
      return { ...nothing, done, writes: done.length };
    } catch (error) {
      health.set(condition, { ok: false, ...describeFailure(error) });
      return { ...nothing, failed: [{ text: 'close networks', error }] };
    }
  }

  /** What a pass would do, as lines. Changes nothing. */
  async diff(wish: Wish, facts: HostFacts): Promise<string[]> {
    if (wish.guarded.length === 0 && this.#isClean) return [];
    const settings = exemptions(this.#devicesOf(wish)).filter((path) => readSysctl(path) === '0');
    const closed = await this.#look(wish, facts);
    const policies = await this.#comparePolicies(closed, wish.complete).catch(ifLacking);
    const rules = await this.#compareRules(closed, wish.complete);
    return [
      ...settings.map((path) => `set ${path} to 1`),
      ...(Array.isArray(policies) ? policies.map(describePolicy) : []),
      ...rules.map(describeRule),
    ];
  }

  close(): void {
    this.#options.xfrm.close();
  }

  async #close(wish: Wish, facts: HostFacts, complete: boolean): Promise<{ done: string[]; lacks: SuiteError[] }> {
    // Exempt first: else the host's own containers would be cut off for a moment.
    const exempted = ensureSettings(exemptions(this.#devicesOf(wish)).map((path) => [path, '1']));
    const closed = await this.#look(wish, facts);
    const policies = await this.#keepPolicies(closed, complete).catch(ifLacking);
    const rules = await this.#keepRules(closed, complete).catch(ifLacking);
    const parts = [policies, rules];
    return {
      done: [...exempted, ...parts.flatMap((part) => (Array.isArray(part) ? part : []))],
      lacks: parts.filter((part) => part instanceof SuiteError),
    };
  }

  async #keepPolicies(closed: readonly Closed[], complete: boolean): Promise<string[]> {
    const { xfrm } = this.#options;
    const steps = await this.#comparePolicies(closed, complete);
    for (const { do: verb, policy } of steps) await (verb === 'set' ? xfrm.setPolicy(policy) : xfrm.dropPolicy(policy));
    return steps.map(describePolicy);
  }

  async #keepRules(closed: readonly Closed[], complete: boolean): Promise<string[]> {
    const { netlink } = this.#options;
    const steps = await this.#compareRules(closed, complete);
    for (const { do: verb, rule } of steps) await (verb === 'add' ? netlink.addRule(rule) : netlink.dropRule(rule));
    return steps.map(describeRule);
  }

  /** @throws SuiteError KERNEL_LACKS, NETLINK_* */
  async #comparePolicies(closed: readonly Closed[], complete: boolean): Promise<BlockStep[]> {
    return planPolicies(wantPolicies(closed), await this.#options.xfrm.policies(), complete);
  }

  async #compareRules(closed: readonly Closed[], complete: boolean): Promise<RuleStep[]> {
    const { netlink, has6 = hasIpv6 } = this.#options;
    if (!has6()) return [];
    const ranges = closed.flatMap(({ subnet6 }) => (subnet6 ? [subnet6] : []));
    return planRefusals(wantRefusals(ranges), await netlink.listRules(6), complete);
  }

  #look(wish: Wish, facts: HostFacts): Promise<Closed[]> {
    return Promise.all(wish.guarded.map((network) => this.#lookAt(network, wish, facts)));
  }

  async #lookAt(network: GuardedNetwork, { networks }: Wish, facts: HostFacts): Promise<Closed> {
    const { netlink, has6 = hasIpv6 } = this.#options;
    const indexOf = async (device: string): Promise<number | undefined> => (await netlink.getLink(device))?.index;
    const tunnels = await Promise.all(this.#tunnelsOf(network).map(indexOf));
    const self = networks.find(({ name }) => name === network.name)?.self;
    return {
      subnet: network.subnet,
      subnet6: has6() ? network.subnet6 : undefined,
      bridge: await indexOf(network.bridge),
      tunnels: tunnels.filter((index) => index !== undefined),
      own6: self?.ranges6 ?? [],
      addresses6: self?.gateways6.filter((address) => facts.addresses.has(address)) ?? [],
    };
  }

  /** Those that are exempt. One that is not there yet gets its exemption when it is. */
  #devicesOf({ guarded }: Wish): string[] {
    return [...new Set(guarded.flatMap((network) => [network.bridge, ...this.#tunnelsOf(network)]))];
  }

  #tunnelsOf(network: GuardedNetwork): readonly string[] {
    return this.#options.drivers.find(({ name }) => name === network.driver)?.devices(network) ?? [];
  }
}

function hasIpv6(): boolean {
  return existsSync('/proc/sys/net/ipv6');
}

/** @throws what is no lack of the kernel's */
function ifLacking(error: unknown): SuiteError {
  if (error instanceof SuiteError && error.code === 'KERNEL_LACKS') return error;
  throw error;
}

function stateOf(count: number, lacks: readonly SuiteError[]) {
  if (lacks.length === 0) {
    const networks = `${count} secret network${count === 1 ? '' : 's'}`;
    return { ok: true, text: `nothing of ${networks} passes in the clear` };
  }
  const told = lacks.map(({ message }) => message).join('; ');
  const text = `${told}. What is left of routes and rules keeps secret networks closed`;
  return { ok: false, degradesOnly: true, code: 'KERNEL_LACKS', text } as const;
}

function describePolicy({ do: verb, policy }: BlockStep): string {
  const { direction, source, destination, device, blocks } = policy;
  const words = blocks ? { set: 'block', drop: 'unblock' } : { set: 'let pass', drop: 'no longer let pass' };
  const ranges = `${renderRange(source)} to ${renderRange(destination)}`;
  return `${words[verb]} ${ranges} in the clear (${direction}${device === 0 ? '' : `, device ${device}`})`;
}

function describeRule({ do: verb, rule }: RuleStep): string {
  const words = { add: 'refuse', drop: 'no longer refuse' } as const;
  return `${words[verb]} ways of this host into ${renderRange(rule.destination)} (rule ${rule.priority})`;
}
