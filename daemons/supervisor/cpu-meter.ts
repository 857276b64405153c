// Pure: how much of a core a process takes, from its total time at two moments.
import { type ProcessId, sameProcess } from './child.ts';

/** The kernel counts hundredths of a second, so that this long gives tenths of a percent. */
const intervalMs = 10_000;

interface Look {
  readonly process: ProcessId;
  readonly cpuSeconds: number;
  readonly nowMs: number;
}

export class CpuMeter {
  #last: Look | undefined;
  #percent: number | null = null;

  /** Whether it is time for another look. */
  isDue(process: ProcessId | undefined, nowMs: number): boolean {
    if (!process || !sameProcess(process, this.#last?.process)) return true;
    return nowMs - this.#last!.nowMs >= intervalMs;
  }

  /** @param cpuSeconds that the process took since its start, null if there is none; `nowMs` is monotonic */
  look(process: ProcessId | undefined, cpuSeconds: number | null, nowMs: number): void {
    const before = this.#last;
    this.#last = process && cpuSeconds !== null ? { process, cpuSeconds, nowMs } : undefined;
    this.#percent = null;
    if (!before || !this.#last || !sameProcess(before.process, process) || nowMs <= before.nowMs) return;
    const share = ((this.#last.cpuSeconds - before.cpuSeconds) * 1_000) / (nowMs - before.nowMs);
    this.#percent = Math.round(Math.max(0, share) * 1_000) / 10;
  }

  /** Percent of one core over the last interval; null until one has passed. */
  get percent(): number | null {
    return this.#percent;
  }
}
