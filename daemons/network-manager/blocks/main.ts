// The blocks keeper: asks metadata for another block of a network before the last address is given, and gives blocks back that
// nobody needs any more. What comes of it arrives with the snapshot.
import type { Lease } from '../../../cni-plugins/library.ts';
import { leaseIps } from '../../../cni-plugins/library.ts';
import type { DaemonContext } from '../../shared/daemon/life.ts';
import { hasCode } from '../../shared/model/errors.ts';
import { type Ip, parseIp } from '../../shared/model/ip.ts';
import { renderCidr4 } from '../../shared/model/ipv4.ts';
import { daemonSocket } from '../../shared/model/paths.ts';
import type { Snapshot } from '../../shared/model/snapshot.ts';
import { Loop } from '../../shared/reconcile/loop.ts';
import { callJson } from '../../shared/source/call.ts';
import { describeFailure } from '../networks/networks-health.ts';
import { wantNetworks } from '../networks/want-networks.ts';
import { hasSameBlocks } from '../own-parts.ts';
import {
  type BlockTimes,
  isIpv4,
  keyOfBlock,
  type NetworkBlocks,
  noteEmpty,
  planBlocks,
  roomOf,
} from './plan-blocks.ts';

const everyMs = 30_000;
/** Two hundred containers that start are no two hundred looks. */
const restMs = 500;
/** Metadata gives a network no more than one block in 5 s. */
const askAgainMs = 6_000;
/** As long as the subnet has no block left. */
const askAgainFullMs = 60_000;
const condition = 'blocks';

export interface BlocksOptions {
  readonly context: Pick<DaemonContext, 'paths' | 'log' | 'health' | 'metrics'>;
  readonly leases: () => readonly Lease[];
  /** Keys of blocks that IPAM is not to be offered; called when they differ. */
  readonly onWithheld: (keys: ReadonlySet<string>) => void;
}

export class BlocksKeeper {
  readonly #options: BlocksOptions;
  readonly #loop: Loop;
  #snapshot: Snapshot | undefined;
  #emptySince: ReadonlyMap<string, number> = new Map();
  #withheldSince: ReadonlyMap<string, number> = new Map();
  /** By network: not to be asked for before. */
  readonly #notBefore = new Map<string, number>();
  readonly #full = new Set<string>();

  constructor(options: BlocksOptions) {
    this.#options = options;
    this.#loop = new Loop({
      pass: () => this.#pass(),
      failed: (error, failures) => this.#failed(error, failures),
      restMs,
      everyMs,
    });
    this.#measure();
  }

  /** How much of each network's room is used: beyond nine tenths another block is asked for, if there is one. */
  #measure(): void {
    const networks = (): NetworkBlocks[] => (this.#snapshot ? blocksOf(this.#snapshot, this.#options.leases()) : []);
    const { metrics } = this.#options.context;
    metrics.gauges('corral_addresses_used', 'Addresses of this host that are leased', ['network'], () =>
      networks().map(({ network, leased }) => ({ labels: { network }, value: leased.filter(isIpv4).length })),
    );
    metrics.gauges('corral_addresses_room', 'Addresses that the blocks of this host hold', ['network'], () =>
      networks().map((blocks) => ({ labels: { network: blocks.network }, value: roomOf(blocks) })),
    );
  }

  onSnapshot(snapshot: Snapshot): void {
    const before = this.#snapshot;
    this.#snapshot = snapshot;
    const isNews = !before || before.table('network') !== snapshot.table('network') || !hasSameBlocks(before, snapshot);
    if (isNews) this.#loop.poke();
  }

  /** A lease came or went. */
  poke(): void {
    if (this.#snapshot) this.#loop.poke();
  }

  close(): Promise<void> {
    return this.#loop.close();
  }

  async #pass(): Promise<void> {
    if (!this.#snapshot) return;
    const networks = blocksOf(this.#snapshot, this.#options.leases());
    const now = performance.now();
    const before: BlockTimes = { now, emptySince: this.#emptySince, withheldSince: this.#withheldSince };
    const emptySince = new Map(networks.flatMap((one) => [...noteEmpty(one, before)]));
    this.#emptySince = emptySince;
    const times = { ...before, emptySince };
    const plans = networks.map((blocks) => ({ blocks, wish: planBlocks(blocks, times) }));
    this.#withhold(
      plans.flatMap(({ blocks, wish }) => wish.withhold.map((cidr) => keyOfBlock(blocks.network, cidr))),
      now,
    );
    for (const { blocks, wish } of plans) {
      if (wish.ask) await this.#ask(blocks.network, now);
      else this.#full.delete(blocks.network);
      // On a stale word nothing is given away.
      if (!this.#snapshot.complete) continue;
      for (const cidr of wish.giveBack) await this.#giveBack(blocks.network, renderCidr4(cidr));
    }
    this.#tell();
  }

  #withhold(keys: readonly string[], now: number): void {
    const before = this.#withheldSince;
    this.#withheldSince = new Map(keys.map((key) => [key, before.get(key) ?? now]));
    const isSame = keys.length === before.size && keys.every((key) => before.has(key));
    if (!isSame) this.#options.onWithheld(new Set(keys));
  }

  async #ask(network: string, now: number): Promise<void> {
    if (now < (this.#notBefore.get(network) ?? 0)) return;
    const { context } = this.#options;
    this.#notBefore.set(network, now + askAgainMs);
    try {
      const body = { network };
      const { cidr } = await callJson<{ cidr: string }>(daemonSocket(context.paths, 'metadata'), '/v1/blocks', {
        body,
      });
      this.#full.delete(network);
      context.log.info({ event: 'block.asked', network, cidr }, 'the host’s blocks are nearly full; has another one');
    } catch (error) {
      if (!hasCode(error, 'NO_BLOCK_LEFT')) throw error;
      this.#notBefore.set(network, now + askAgainFullMs);
      this.#full.add(network);
    }
  }

  async #giveBack(network: string, cidr: string): Promise<void> {
    const { context } = this.#options;
    const options = { method: 'DELETE', body: { network, cidr } } as const;
    try {
      await callJson(daemonSocket(context.paths, 'metadata'), '/v1/blocks', options);
      context.log.info({ event: 'block.given-back', network, cidr }, 'no container needs this block any more');
    } catch (error) {
      // Somebody has an address in it that we do not know of.
      if (!hasCode(error, 'SUBNET_IN_USE')) throw error;
    }
    this.#emptySince = new Map([...this.#emptySince].filter(([key]) => key !== `${network}/${cidr}`));
  }

  #tell(): void {
    const names = [...this.#full].sort();
    const text = names.length === 0 ? 'have addresses left' : `${names.join(', ')}: no further block is to be had`;
    const fault = names.length > 0 && ({ code: 'NO_BLOCK_LEFT' } as const);
    this.#options.context.health.set(condition, { ok: !fault, text, degradesOnly: true, ...fault });
  }

  #failed(error: unknown, failures: number): void {
    const { context } = this.#options;
    context.health.set(condition, { ok: false, ...describeFailure(error), degradesOnly: true });
    if (failures === 1)
      context.log.warn({ event: 'blocks.failed', error }, 'a block could not be asked for or given back');
  }
}

/** Networks whose addresses this host gives from blocks of its own. */
function blocksOf(snapshot: Snapshot, leases: readonly Lease[]): NetworkBlocks[] {
  const leased = new Map<string, Ip[]>();
  for (const lease of leases) {
    const ips = leaseIps(lease).flatMap((text) => parseIp(text) ?? []);
    leased.set(lease.network, [...(leased.get(lease.network) ?? []), ...ips]);
  }
  return wantNetworks(snapshot)
    .filter(({ flat }) => !flat)
    .map(({ name, cidrs }) => ({ network: name, cidrs, leased: leased.get(name) ?? [] }));
}
