// What a daemon knows about its own state, as named conditions: ready when all hold, degraded when one that is no fault of
// the daemon's own does not.
import type { ErrorCode } from '../model/errors.ts';

export interface Condition {
  readonly name: string;
  readonly ok: boolean;
  /** A false condition of a degraded kind leaves the daemon ready. */
  readonly degradesOnly: boolean;
  readonly code: ErrorCode | null;
  readonly text: string;
  /** What to do about it, if the text does not say so. */
  readonly hint?: string;
}

export interface HealthReport {
  readonly state: 'ready' | 'degraded' | 'unready';
  readonly conditions: readonly Condition[];
}

export class Health {
  readonly #conditions = new Map<string, Condition>();
  readonly #listeners = new Set<(report: HealthReport) => void>();

  /** States a condition; tells the listeners only when something differs. */
  set(
    name: string,
    state: { ok: boolean; text: string; code?: ErrorCode; degradesOnly?: boolean; hint?: string | undefined },
  ): boolean {
    const { ok, text, code = null, degradesOnly = false, hint } = state;
    const next: Condition = { name, ok, degradesOnly, code, text, ...(hint === undefined ? {} : { hint }) };
    const before = this.#conditions.get(name);
    if (before && isSame(before, next)) return false;
    this.#conditions.set(name, next);
    const report = this.report();
    for (const listener of this.#listeners) listener(report);
    return true;
  }

  /** What the condition spoke of is no more. */
  drop(name: string): void {
    if (!this.#conditions.delete(name)) return;
    const report = this.report();
    for (const listener of this.#listeners) listener(report);
  }

  report(): HealthReport {
    const conditions = [...this.#conditions.values()];
    const failing = conditions.filter((condition) => !condition.ok);
    if (conditions.length === 0 || failing.some((condition) => !condition.degradesOnly)) {
      return { state: 'unready', conditions };
    }
    return { state: failing.length > 0 ? 'degraded' : 'ready', conditions };
  }

  onChange(listener: (report: HealthReport) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

function isSame(a: Condition, b: Condition): boolean {
  return (
    a.ok === b.ok && a.degradesOnly === b.degradesOnly && a.code === b.code && a.text === b.text && a.hint === b.hint
  );
}
