// The UDP side by hot workers: their sockets on one address, kept in step with names, callers and clients.
import { LibcError } from '../../shared/effects/libc.ts';
import { openUdpSocket } from '../../shared/effects/libc-udp.ts';
import { type Cidr4, type Ipv4, parseIpv4 } from '../../shared/model/ipv4.ts';
import type { CallerRules } from '../../shared/model/local-callers.ts';
import { cannotListen, type Listener } from '../serve-udp.ts';
import type { View } from '../view.ts';
import { HotDesk, type HotDeskOptions } from './hot-desk.ts';
import type { HotMetrics } from './hot-metrics.ts';
import { HotThread } from './hot-thread.ts';
import { HotViews } from './hot-views.ts';
import { HitLabels } from './labels.ts';
import type { NotedIndex, Staleness } from './noted-index.ts';
import type { ToWorker } from './protocol.ts';

export interface HotPathOptions extends Omit<HotDeskOptions, 'views' | 'labels' | 'onDropped'> {
  readonly index: NotedIndex;
  readonly metrics: HotMetrics;
  readonly workers: number;
  readonly rules: () => CallerRules;
  readonly allowFrom: () => readonly Cidr4[];
  readonly onDeath: (error: Error) => void;
}

const timeoutMs = 100;
const bufferBytes = 4 * 1024 * 1024;
/** Of all workers together. */
const maxBytes = 64 * 1024 * 1024;

export class HotPath {
  readonly #options: HotPathOptions;
  readonly #views = new HotViews();
  readonly #labels = new HitLabels();
  readonly #desk: HotDesk;
  #threads: HotThread[] = [];

  constructor(options: HotPathOptions) {
    this.#options = options;
    const onDropped = options.metrics.dropped;
    this.#desk = new HotDesk({ ...options, views: this.#views, labels: this.#labels, onDropped });
    options.metrics.useLabels(this.#labels);
  }

  /** Throws PORT_TAKEN, or INTERNAL where the calls are missing; then nothing is left open. */
  listen(on: { readonly address: string; readonly port: number }): Listener {
    const { workers, metrics } = this.#options;
    const threads: HotThread[] = [];
    try {
      for (let at = 0; at < workers; at += 1) threads.push(this.#thread(openSocket(on, workers > 1)));
    } catch (cause) {
      for (const thread of threads) void thread.close();
      throw cause instanceof LibcError ? cannotListen(on, 'udp', cause) : cause;
    }
    this.#threads = threads;
    metrics.useThreads(threads);
    return {
      close: async () => {
        metrics.fold();
        await Promise.all(threads.map((thread) => thread.close()));
      },
    };
  }

  /** Names or clients changed: exactly what was made from them goes. */
  changed({ marks, clients }: Staleness): void {
    this.#updateClients(clients);
    if (marks === undefined) this.clear();
    else if (marks.length > 0) this.#tell({ kind: 'evict', marks });
  }

  /** The answers file, upstreams or settings changed: all replies are made anew, all clients looked at again. */
  reset(): void {
    const { index } = this.#options;
    this.#updateClients(new Set([...this.#views.addresses(), ...index.answers.clients.keys()]));
    this.clear();
  }

  clear(): void {
    this.#tell({ kind: 'clear' });
  }

  callersChanged(): void {
    this.#tell(this.#callers());
  }

  #updateClients(addresses: ReadonlySet<Ipv4>): void {
    const changes = this.#views.update(addresses, (address) => this.#ownView(address));
    if (changes.set.length + changes.drop.length > 0) this.#tell({ kind: 'clients', ...changes });
  }

  #ownView(address: Ipv4): View | undefined {
    const { index, viewOf } = this.#options;
    const hasOwn = index.clientAt(address) !== undefined || index.answers.clients.has(address);
    return hasOwn ? viewOf(address) : undefined;
  }

  #callers(): ToWorker {
    return { kind: 'callers', rules: this.#options.rules(), allowFrom: this.#options.allowFrom() };
  }

  #tell(message: ToWorker): void {
    for (const thread of this.#threads) thread.tell(message);
  }

  #thread(fd: number): HotThread {
    const { workers, metrics, onDeath } = this.#options;
    return new HotThread({
      fd,
      maxBytes: Math.floor(maxBytes / workers),
      takeMisses: (misses, from) => this.#desk.take(misses, from),
      introduce: () => [this.#callers(), { kind: 'clients', set: this.#views.all, drop: [] }],
      onUnsent: (by) => metrics.dropped('send', by),
      onDeath,
    });
  }
}

function openSocket(on: { readonly address: string; readonly port: number }, shared: boolean): number {
  const address = parseIpv4(on.address) as Ipv4;
  return openUdpSocket({ address, port: on.port, shared, timeoutMs, bufferBytes });
}
