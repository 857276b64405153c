// What the hot path counts: in shared words by the workers, read when the metrics are asked for.
import type { Metrics } from '../../shared/daemon/metrics.ts';
import type { DnsMetrics, DropReason } from '../dns-metrics.ts';
import type { HotThread } from './hot-thread.ts';
import type { HitLabels } from './labels.ts';
import { word } from './protocol.ts';

const droppedWords: readonly (readonly [number, DropReason])[] = [
  [word.callers, 'caller'],
  [word.backlog, 'backlog'],
  [word.unsent, 'send'],
  [word.malformed, 'malformed'],
  [word.limited, 'limited'],
];

export class HotMetrics {
  readonly #metrics: DnsMetrics;
  #labels: HitLabels | undefined;
  #threads: readonly HotThread[] = [];
  #hits = 0;
  #misses = 0;
  #evicted = 0;
  #turns = 0;

  constructor(metrics: Metrics, counters: DnsMetrics) {
    this.#metrics = counters;
    const word32 = (place: number) => (): number =>
      this.#threads.reduce((sum, { words }) => sum + (words[place] ?? 0), 0);
    metrics.gauge('corral_dns_hot_entries', 'Replies that the hot workers keep', word32(word.entries));
    metrics.gauge('corral_dns_hot_bytes', 'Their size', () => word32(word.kilobytes)() * 1024);
    metrics.gauge('corral_dns_hot_workers', 'Hot workers that live', () => this.#living());
    metrics.gauge('corral_dns_hot_hits', 'Questions that hot workers answered, since the start', () => this.#hits);
    metrics.gauge(
      'corral_dns_hot_misses',
      'Questions that hot workers handed over, since the start',
      () => this.#misses,
    );
    metrics.gauge(
      'corral_dns_hot_evicted',
      'Kept replies that a change took out, since the start',
      () => this.#evicted,
    );
    metrics.gauge(
      'corral_dns_hot_turns',
      'Times that hot workers asked the kernel for questions, since the start',
      () => this.#turns,
    );
  }

  dropped = (reason: DropReason, by = 1): void => this.#metrics.dropped(reason, by);

  useLabels(labels: HitLabels): void {
    this.#labels = labels;
  }

  useThreads(threads: readonly HotThread[]): void {
    this.#threads = threads;
  }

  #living(): number {
    return this.#threads.filter(({ alive }) => alive).length;
  }

  /** Takes over what the workers have counted since the last time. Also before a worker's words are given up. */
  fold(): void {
    for (const { counters } of this.#threads) {
      for (const [id, by] of counters.labels()) {
        const label = this.#labels?.labelOf(id);
        if (label) this.#metrics.hit(label, by);
      }
      for (const [place, reason] of droppedWords) {
        const by = counters.grown(place);
        if (by > 0) this.#metrics.dropped(reason, by);
      }
      this.#hits += counters.grown(word.hits);
      this.#misses += counters.grown(word.misses);
      this.#evicted += counters.grown(word.evicted);
      this.#turns += counters.grown(word.turns);
    }
  }
}
