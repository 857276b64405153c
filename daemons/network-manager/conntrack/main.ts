// The flows keeper: when a published port leads elsewhere than before, the kernel would send what it knows already to the old
// place, UDP for as long as somebody sends. So exactly these flows are taken out, once the rules are written.
import type { KeeperMetrics } from '../../shared/daemon/keeper-metrics.ts';
import type { DaemonContext } from '../../shared/daemon/life.ts';
import type { Conntrack, Flow } from '../../shared/effects/netlink/conntrack.ts';
import type { Netlink } from '../../shared/effects/netlink.ts';
import { type Cidr, type Family, familyOf, type Ip, parseIp } from '../../shared/model/ip.ts';
import { serviceAddress6 } from '../../shared/model/networks.ts';
import { Loop } from '../../shared/reconcile/loop.ts';
import { describeFailure } from '../networks/networks-health.ts';
import { type PortClaim, renderEndpoint } from '../ports/port-claims.ts';
import type { Published } from '../rules/main.ts';
import { staleFlows, type Target } from './stale-flows.ts';

/** As the rules, after whose writes it looks. */
const [restMs, burst] = [200, 3];
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
  readonly #services: readonly Ip[];
  #targets: ReadonlyMap<string, PortClaim> = new Map();
  #subnets: readonly Cidr[] = [];
  /** What a pass has still to look at; stays until one succeeded. */
  #changed = new Map<string, Target | undefined>();

  constructor(options: FlowsOptions) {
    this.#options = options;
    this.#services = [parseIp(options.context.config.metadata.address)!, parseIp(serviceAddress6)!];
    this.#loop = new Loop({
      pass: () => this.#pass(),
      failed: (error, failures) => this.#failed(error, failures),
      restMs,
      burst,
    });
  }

  /** What the rules do from now on; the first call after the start counts every port as changed. */
  onPublished({ served, changed, subnets }: Published): void {
    this.#targets = served;
    this.#subnets = subnets;
    for (const key of changed) {
      const claim = served.get(key);
      this.#changed.set(key, claim && targetOf(claim));
    }
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
      const [from, to] = [renderEndpoint(original.src, original.sport), renderEndpoint(reply.src, reply.sport)];
      return `remove flow ${protocol} ${from} to port ${original.dport}, which leads to ${to}`;
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
    const families = [...new Set(this.#subnets.map(({ base }) => familyOf(base)))];
    const flows: Flow[] = [];
    for (const family of families) {
      flows.push(...(await conntrack.listTranslated(family)), ...(await this.#conversations(changed, family)));
    }
    return staleFlows(flows, facts);
  }

  /** Flows by UDP that may have begun before their port was published. */
  async #conversations(changed: ReadonlyMap<string, Target | undefined>, family: Family): Promise<Flow[]> {
    const { conntrack } = this.#options;
    const begun = [...changed].filter(
      ([key, target]) => key.startsWith('udp/') && target && familyOf(target.address) === family,
    );
    const ports = new Set(begun.map(([key]) => Number(key.slice(key.lastIndexOf(':') + 1))));
    if (ports.size > mostSingly) return conntrack.listOf('udp', undefined, family);
    const lists: Flow[] = [];
    for (const port of ports) lists.push(...(await conntrack.listOf('udp', port, family)));
    return lists;
  }

  async #addresses(netlink: Pick<Netlink, 'listAddresses'>): Promise<Set<Ip>> {
    const listed = await netlink.listAddresses();
    const own = listed.flatMap(({ address }) => (typeof address === 'number' ? address : (parseIp(address) ?? [])));
    return new Set(own.filter((address) => !this.#services.includes(address)));
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
