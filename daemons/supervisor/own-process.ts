// The supervisor's own line in the status: ready as long as it answers, degraded when its page cannot be looked at.
import type { Condition } from '../shared/daemon/health.ts';
import { version } from '../shared/daemon/version.ts';
import { CpuMeter } from './cpu-meter.ts';
import type { DaemonStatus } from './describe-status.ts';
import { factsOf, identify, measure } from './processes.ts';

export class OwnProcess {
  readonly #process = identify(process.pid);
  readonly #cpu = new CpuMeter();

  tick(): void {
    measure(this.#cpu, this.#process);
  }

  /** @param conditions of what the supervisor serves itself */
  status(conditions: readonly Condition[]): DaemonStatus {
    const nothing = { uptime: null, rss: null, pss: null, cpuSeconds: null };
    return {
      name: 'supervisor',
      state: conditions.every(({ ok }) => ok) ? 'ready' : 'degraded',
      ready: true,
      conditions,
      pid: process.pid,
      restarts: 0,
      lastEnd: null,
      version,
      ...(this.#process ? factsOf(this.#process) : nothing),
      cpuPercent: this.#cpu.percent,
    };
  }
}
