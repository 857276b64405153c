// The flows keeper: when a published port leads elsewhere than before, the kernel would send what it knows already to the old
// place, UDP for as long as somebody sends. So exactly these flows are taken out, once the rules are written.
import type { DaemonContext } from '../../shared/daemon/life.ts';
import type { Conntrack, Flow } from '../../shared/effects/netlink/conntrack.ts';
import type { Netlink } from '../../shared/effects/netlink.ts';
import { type Cidr4, type Ipv4, parseIpv4, renderIpv4 } from '../../shared/model/ipv4.ts';
import { Loop } from '../../shared/reconcile/loop.ts';
import type { KeeperMetrics } from '../keeper-metrics.ts';
import { describeFailure } from '../networks/networks-health.ts';
import type { PortClaim } from '../ports/port-claims.ts';
import { staleFlows, type Target } from './stale-flows.ts';

const restMs = 200;
/** Up to so many ports are asked for one by one; beyond, it is cheaper to list all of UDP. */
const mostSingly = 16;
const condition = 'flows';

export interface FlowsOptions {
  readonly context: Pick<DaemonContext, 'config' | 'log' | 'health'>;
  readonly netlink: Pick<Netlink, 'listAddresses'>;
  readonly conntrack: Pick<Conntrack, 'listTranslated' | 'listOf' | 'remove'>;
  readonly metrics: KeeperMetrics;
}

export class FlowsKeeper {
  readonly #options: FlowsOptions;
  readonly #loop: Loop;
  readonly #service: Ipv4;
  #targets: ReadonlyMap<string, PortClaim> = new Map();
  #subnets: readonly Cidr4[] = [];
  /** What a pass has still to look at; stays until one succeeded. */
  #changed = new Map<string, Target | undefined>();

  constructor(options: FlowsOptions) {
    this.#options = options;
    this.#service = parseIpv4(options.context.config.metadata.address)!;
    this.#loop = new Loop({
      pass: () => this.#pass(),
      failed: (error, failures) => this.#failed(error, failures),
      restMs,
    });
  }

  /** These ports are published now, and none else; the first call after the start counts them all as changed. */
  onPublished(served: ReadonlyMap<string, PortClaim>, subnets: readonly Cidr4[]): void {
    const before = this.#targets;
    this.#targets = served;
    this.#subnets = subnets;
    for (const [key, claim] of served) {
      if (before.get(key)?.rule !== claim.rule) this.#changed.set(key, targetOf(claim));
    }
    for (const key of before.keys()) if (!served.has(key)) this.#changed.set(key, undefined);
    if (this.#changed.size > 0) this.#loop.poke();
  }

  close(): Promise<void> {
    return this.#loop.close();
  }

  /** The flows that lead to another place than the published ports do. Changes nothing. */
  async diff(): Promise<string[]> {
    const all = new Map([...this.#targets].map(([key, claim]) => [key, targetOf(claim)]));
    const stale = await this.#stale(all);
    return stale.map(({ protocol, original, reply }) => {
      const [from, to] = [renderIpv4(original.src), renderIpv4(reply.src)];
      return `remove flow ${protocol} ${from}:${original.sport} to port ${original.dport}, which leads to ${to}`;
    });
  }

  async #pass(): Promise<void> {
    const { context, conntrack, metrics } = this.#options;
    const changed = new Map(this.#changed);
    const stale = await this.#stale(changed);
    const removed = await Promise.all(stale.map((flow) => conntrack.remove(flow)));
    const count = removed.filter(Boolean).length;
    metrics.pass();
    metrics.wrote(count);
    if (count > 0) context.log.info({ event: 'flows.removed', count }, 'flows to former targets of published ports');
    for (const [key, target] of changed) if (this.#changed.get(key) === target) this.#changed.delete(key);
    context.health.set(condition, { ok: true, text: 'follow the published ports', degradesOnly: true });
  }

  async #stale(changed: ReadonlyMap<string, Target | undefined>): Promise<Flow[]> {
    const { netlink, conntrack } = this.#options;
    const targets = this.#targets;
    const facts = {
      changed,
      targetOf: (key: string): Target | undefined => {
        const claim = targets.get(key);
        return claim && targetOf(claim);
      },
      addresses: await this.#addresses(netlink),
      subnets: this.#subnets,
    };
    return staleFlows([...(await conntrack.listTranslated()), ...(await this.#conversations(changed))], facts);
  }

  /** Flows by UDP that may have begun before their port was published. */
  async #conversations(changed: ReadonlyMap<string, Target | undefined>): Promise<Flow[]> {
    const { conntrack } = this.#options;
    const keys = [...changed].filter(([key, target]) => key.startsWith('udp/') && target).map(([key]) => key);
    const ports = new Set(keys.map((key) => Number(key.slice(key.lastIndexOf(':') + 1))));
    if (ports.size > mostSingly) return conntrack.listOf('udp');
    const lists: Flow[] = [];
    for (const port of ports) lists.push(...(await conntrack.listOf('udp', port)));
    return lists;
  }

  async #addresses(netlink: Pick<Netlink, 'listAddresses'>): Promise<Set<Ipv4>> {
    const listed = await netlink.listAddresses();
    const own = listed.flatMap(({ address }) => (typeof address === 'number' ? [address as Ipv4] : []));
    return new Set(own.filter((address) => address !== this.#service));
  }

  #failed(error: unknown, failures: number): void {
    const { context, metrics } = this.#options;
    metrics.failed();
    context.health.set(condition, { ok: false, ...describeFailure(error), degradesOnly: true });
    if (failures === 1) context.log.warn({ event: 'flows.failed', error }, 'old flows may go to old containers');
  }
}

function targetOf({ target, targetPort }: PortClaim): Target {
  return { address: target, port: targetPort };
}
