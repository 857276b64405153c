// Prometheus metrics of one process. Names start with `corral_`; the registry is passed around, never global.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { DaemonName } from '../model/paths.ts';

export class Metrics {
  readonly #registry = new Registry();

  constructor(daemon: DaemonName) {
    this.#registry.setDefaultLabels({ daemon });
    // The default samples the loop each 10 ms, which alone costs half a percent of a core in every daemon.
    collectDefaultMetrics({ register: this.#registry, prefix: 'corral_', eventLoopMonitoringPrecision: 1_000 });
  }

  /** `before` is called at each scrape, for counters that lie elsewhere. */
  counter(name: `corral_${string}`, help: string, labelNames: string[] = [], before?: () => void): Counter {
    return new Counter({ name, help, labelNames, registers: [this.#registry], ...(before && { collect: before }) });
  }

  /** A counter that is kept elsewhere, as a plain number: on a hot path a counter of the package costs too much. */
  count(name: `corral_${string}_total`, help: string, read: () => number): void {
    new Counter({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }

  /** `read` is asked at each scrape. */
  gauge(name: `corral_${string}`, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(read());
      },
    });
  }

  /** As many as `read` returns at a scrape; what it returns no more is shown no more. */
  gauges(
    name: `corral_${string}`,
    help: string,
    labelNames: string[],
    read: () => Iterable<{ readonly labels: Record<string, string>; readonly value: number }>,
  ): void {
    new Gauge({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const { labels, value } of read()) this.set(labels, value);
      },
    });
  }

  /** Seconds. */
  histogram(name: `corral_${string}_seconds`, help: string, buckets: number[]): Histogram {
    return new Histogram({ name, help, buckets, registers: [this.#registry] });
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}

export type { Counter, Histogram };
