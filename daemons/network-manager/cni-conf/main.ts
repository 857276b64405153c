// The keeper of CNI configurations: `cniConfig` of each network as files below /etc/cni, and the link `managed.d`.
import type { KeeperMetrics } from '../../shared/daemon/keeper-metrics.ts';
import type { DaemonContext } from '../../shared/daemon/life.ts';
import type { Snapshot } from '../../shared/model/snapshot.ts';
import { Loop } from '../../shared/reconcile/loop.ts';
import { applyConf, observeConf } from './conf-files.ts';
import { planConf } from './plan-conf.ts';
import { wantConf } from './want-conf.ts';

const everyMs = 30_000;
const condition = 'cni-conf';

export interface ConfOptions {
  readonly context: Pick<DaemonContext, 'paths' | 'log' | 'health'>;
  readonly metrics: KeeperMetrics;
}

export class ConfKeeper {
  readonly #options: ConfOptions;
  readonly #loop: Loop;
  #snapshot: Snapshot | undefined;

  constructor(options: ConfOptions) {
    this.#options = options;
    this.#loop = new Loop({
      pass: () => this.#pass(),
      failed: (error, failures) => this.#failed(error, failures),
      everyMs,
    });
  }

  onSnapshot(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    this.#loop.poke();
  }

  close(): Promise<void> {
    return this.#loop.close();
  }

  /** What the next pass would change, one line each. */
  diff(): string[] {
    const snapshot = this.#snapshot;
    if (!snapshot) return [];
    const { paths } = this.#options.context;
    const want = wantConf(snapshot, paths);
    const plan = planConf(want, observeConf(paths, want.files.keys()), snapshot.complete);
    const link = plan.link === undefined ? [] : [`${plan.link === null ? 'remove' : 'set'} the link managed.d`];
    return [...plan.write.map(({ path }) => `write ${path}`), ...plan.drop.map((path) => `remove ${path}`), ...link];
  }

  async #pass(): Promise<void> {
    const snapshot = this.#snapshot;
    if (!snapshot) return;
    const { context, metrics } = this.#options;
    const want = wantConf(snapshot, context.paths);
    const plan = planConf(want, observeConf(context.paths, want.files.keys()), snapshot.complete);
    metrics.pass();
    const isIdle = plan.write.length === 0 && plan.drop.length === 0 && plan.link === undefined;
    const changes = isIdle ? 0 : applyConf(plan, context.paths);
    if (changes > 0) {
      metrics.wrote(changes);
      const fields = { written: plan.write.map(({ path }) => path), removed: plan.drop };
      context.log.info({ event: 'cni-conf.changed', ...fields }, `${changes} changes to CNI configurations`);
    }
    const [fault] = plan.faults;
    context.health.set(condition, {
      ok: fault === undefined,
      degradesOnly: true,
      text: fault ?? 'the CNI configurations are there',
      ...(fault !== undefined && { code: 'CONFIG_INVALID' as const }),
    });
  }

  #failed(error: unknown, failures: number): void {
    const { context, metrics } = this.#options;
    metrics.failed();
    const text = error instanceof Error ? error.message : String(error);
    context.health.set(condition, { ok: false, degradesOnly: true, code: 'FILE_UNREADABLE', text });
    if (failures === 1) context.log.warn({ event: 'cni-conf.failed', error }, 'CNI configurations are not as wanted');
  }
}
