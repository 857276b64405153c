// The keeper of the containers' links on the host: heals ports, forwarding and neighbour entries from the leases, and removes
// links that belong to nobody any more. See README.md.
import { kernelIp } from '../../../cni-plugins/bridge/kernel-ip.ts';
import type { Lease } from '../../../cni-plugins/library.ts';
import type { DaemonContext } from '../../shared/daemon/life.ts';
import type { Netlink } from '../../shared/effects/netlink.ts';
import { hasCode } from '../../shared/model/errors.ts';
import { Loop } from '../../shared/reconcile/loop.ts';
import type { HostLinks } from '../host-links.ts';
import type { HostWatch } from '../watch-host.ts';
import { findLivingPeers } from './living-peers.ts';
import { chooseOrphans, findUnleased, type SeenLink } from './orphans.ts';
import { describeLinkStep, type HaveLinks, type LinkStep, planLinks } from './plan-links.ts';
import { type WantLink, wantLinks } from './want-links.ts';

export type LinkKernel = Pick<
  Netlink,
  'listNeighbours' | 'listFdb' | 'setBridgePort' | 'ensureFdb' | 'ensureNeighbour' | 'dropLink'
>;

export interface LinksOptions {
  readonly context: Pick<DaemonContext, 'log' | 'metrics'>;
  readonly host: {
    readonly netlink: LinkKernel;
    readonly links: Pick<HostLinks, 'list'>;
    readonly watch: Pick<HostWatch, 'isOpen' | 'listen'>;
  };
  readonly leases: () => readonly Lease[];
  /** Ids of the containers that run, of each engine; rejects if one of them does not answer. Asked only about orphans. */
  readonly running: () => Promise<readonly (readonly string[])[]>;
  readonly everyMs?: number;
  /** How long a link has to be without a lease before it may go. */
  readonly orphanAgeMs?: number;
}

/** Without notices of the kernel, and with them. */
const [blindMs, noticedMs] = [5_000, 60_000];
/** Two hundred containers that start are no two hundred looks. */
const [quietMs, restMs] = [200, 1_000];
const secondLookMs = 500;

export class LinksKeeper {
  readonly #options: LinksOptions;
  readonly #loop: Loop;
  readonly #healed: { inc(labels: Record<string, string>): void };
  /** What the last pass found different: an ADD or DEL under way looks like damage for a moment. */
  #before: ReadonlySet<string> = new Set();
  #second: NodeJS.Timeout | undefined;
  #since: ReadonlyMap<string, number> = new Map();
  /** Indices of the bridges and of the containers' links on them. */
  #ours: ReadonlySet<number> = new Set();

  constructor(options: LinksOptions) {
    this.#options = options;
    const help = 'Links of containers that were healed or removed because somebody had changed them';
    this.#healed = options.context.metrics.counter('corral_links_healed_total', help, ['what']);
    this.#loop = new Loop({
      pass: () => this.#pass(),
      failed: (error) => this.#failed(error),
      quietMs,
      restMs,
      everyMs: () => options.everyMs ?? (options.host.watch.isOpen ? noticedMs : blindMs),
    });
  }

  start(): void {
    const poke = (): void => this.#loop.poke();
    this.#options.host.watch.listen({
      onLink: poke,
      onNeighbour: (index) => {
        if (this.#ours.has(index)) poke();
      },
      onResync: poke,
    });
    poke();
  }

  async close(): Promise<void> {
    clearTimeout(this.#second);
    await this.#loop.close();
  }

  async #pass(): Promise<void> {
    const leases = this.#options.leases();
    const links = await this.#options.host.links.list();
    const want = wantLinks(leases);
    const steps = planLinks(want, await this.#observe(want, links));
    const texts = new Set(steps.map(describeLinkStep));
    const again = steps.filter((step) => this.#before.has(describeLinkStep(step)));
    this.#before = texts;
    if (texts.size > again.length) this.#second = setTimeout(() => this.#loop.poke(), secondLookMs).unref();
    for (const step of again) await this.#heal(step);
    await this.#removeOrphans(links, leases);
  }

  async #observe(want: readonly WantLink[], links: HaveLinks['links']): Promise<HaveLinks> {
    const bridges = new Set(want.map(({ bridge }) => bridge));
    const indices = links.filter(({ name }) => bridges.has(name)).map(({ index }) => index);
    const onBridge = new Set<number | undefined>(indices);
    const { netlink } = this.#options.host;
    this.#ours = new Set([...indices, ...links.flatMap(({ index, master }) => (onBridge.has(master) ? [index] : []))]);
    const neighbours = await Promise.all(indices.map((index) => netlink.listNeighbours(index)));
    const fdb = await Promise.all(indices.map((bridge) => netlink.listFdb({ bridge })));
    return { links, neighbours: neighbours.flat(), fdb: fdb.flat() };
  }

  async #heal(step: LinkStep): Promise<void> {
    const { netlink } = this.#options.host;
    try {
      if (step.do === 'port') await netlink.setBridgePort(step.index, step.flags);
      else if (step.do === 'fdb') await netlink.ensureFdb({ index: step.index, mac: step.mac });
      else await netlink.ensureNeighbour({ index: step.index, address: kernelIp(step.address), mac: step.mac });
    } catch (error) {
      // It ended while we looked.
      if (hasCode(error, 'NETLINK_NO_SUCH_DEVICE', 'NETLINK_NOT_FOUND')) return;
      throw error;
    }
    this.#healed.inc({ what: step.do });
    this.#options.context.log.info(
      { event: 'link.healed', step: describeLinkStep(step) },
      'a container’s link was healed',
    );
  }

  async #removeOrphans(links: readonly SeenLink[], leases: readonly Lease[]): Promise<void> {
    const { orphanAgeMs } = this.#options;
    const { since, old, most } = findUnleased(links, leases, this.#since, performance.now(), orphanAgeMs);
    this.#since = since;
    if (old.length === 0) return;
    const running = await this.#options.running().catch(() => undefined);
    const unknown = chooseOrphans(old, running);
    const living = unknown.length > 0 ? await findLivingPeers() : undefined;
    for (const link of living ? unknown.filter(({ index }) => !living.has(index)).slice(0, most) : []) {
      await this.#options.host.netlink.dropLink(link.index);
      this.#healed.inc({ what: 'orphan' });
      const { name, alias } = link;
      this.#options.context.log.warn({ event: 'link.orphan', name, alias }, 'removed a link that belongs to nobody');
    }
  }

  #failed(error: unknown): void {
    this.#options.context.log.warn({ event: 'links.failed', error }, 'the links of containers could not be kept');
  }
}
