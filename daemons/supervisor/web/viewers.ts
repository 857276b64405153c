// `/v1/stream`: everybody who looks gets the whole view, then the sections of it that are others than before. Level, not edge:
// a viewer that is slow misses what was in between and sees what is.
import type { ServerResponse } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import type { Context } from '../../shared/daemon/http.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import { Loop } from '../../shared/reconcile/loop.ts';
import type { Lookout } from './lookout.ts';
import { viewOf } from './view.ts';

export interface ViewersOptions {
  readonly lookout: Lookout;
  readonly most?: number;
  readonly beatMs?: number;
  /** A viewer that takes nothing for this long is cut. */
  readonly stallMs?: number;
}

/** Two views a person can tell apart; and all views together may take a twentieth of the time. */
const leastRestMs = 250;
const costFactor = 20;

interface Viewer {
  readonly response: ServerResponse;
  readonly filter: string;
  /** Section to the text that it was told as. */
  readonly told: Map<string, string>;
  /** When it began to leave what was written to it, of the monotonic clock. */
  stalledAt: number | undefined;
  leave(): void;
}

export class Viewers {
  /** Viewers that were cut because they took nothing, and those that there was no room for. */
  cut = 0;
  refused = 0;
  readonly #options: Required<ViewersOptions>;
  readonly #all = new Set<Viewer>();
  readonly #stop: () => void;
  readonly #beat: NodeJS.Timeout;
  readonly #loop: Loop;
  #restMs = leastRestMs;

  constructor(options: ViewersOptions) {
    this.#options = { most: 16, beatMs: 5_000, stallMs: 10_000, ...options };
    // A pass cannot fail for one viewer; were it to fail for all, the loop would try again.
    this.#loop = new Loop({ pass: () => this.#tellAll(), failed: () => {}, quietMs: 20, restMs: () => this.#restMs });
    this.#stop = options.lookout.onChange(() => this.#loop.poke());
    this.#beat = setInterval(() => this.#beatAll(), this.#options.beatMs).unref();
  }

  get count(): number {
    return this.#all.size;
  }

  async open(http: Context, filter: string): Promise<void> {
    const { lookout, most } = this.#options;
    if (this.#all.size >= most) {
      this.refused += 1;
      throw new SuiteError('BUSY', `show the page to more than ${most} viewers`, { hint: 'close another one' });
    }
    http.respond = false;
    const response = http.res;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const viewer: Viewer = { response, filter, told: new Map(), stalledAt: undefined, leave: lookout.look() };
    this.#all.add(viewer);
    response.on('close', () => this.#leave(viewer));
    response.on('drain', () => {
      viewer.stalledAt = undefined;
      this.#loop.poke();
    });
    await lookout.ready();
    this.#loop.poke();
  }

  async close(): Promise<void> {
    this.#stop();
    clearInterval(this.#beat);
    for (const { response } of this.#all) response.end();
    await this.#loop.close();
  }

  #leave(viewer: Viewer): void {
    if (this.#all.delete(viewer)) viewer.leave();
  }

  /** One view for all who filter by the same words, and other work in between. */
  async #tellAll(): Promise<void> {
    let cost = 0;
    for (const [filter, viewers] of Map.groupBy(this.#all, ({ filter }) => filter)) {
      const began = performance.now();
      const sections = Object.entries(viewOf(this.#options.lookout.facts(), filter));
      const texts = sections.map(([name, section]) => [name, JSON.stringify(section)] as const);
      for (const viewer of viewers) this.#tell(viewer, texts);
      cost += performance.now() - began;
      await turn();
    }
    this.#restMs = Math.max(leastRestMs, cost * costFactor);
  }

  #tell(viewer: Viewer, texts: readonly (readonly [string, string])[]): void {
    if (viewer.stalledAt !== undefined || !this.#all.has(viewer)) return;
    const others = texts.filter(([name, text]) => viewer.told.get(name) !== text);
    if (others.length === 0) return;
    for (const [name, text] of others) viewer.told.set(name, text);
    this.#write(viewer, 'view', `{${others.map(([name, text]) => `"${name}":${text}`).join(',')}}`);
  }

  /** The time of this host, too: a viewer's own clock may be wrong. */
  #beatAll(): void {
    const now = performance.now();
    for (const viewer of this.#all) {
      if (viewer.stalledAt === undefined) this.#write(viewer, 'beat', String(Date.now()));
      else if (now - viewer.stalledAt > this.#options.stallMs) {
        this.cut += 1;
        viewer.response.destroy();
      }
    }
  }

  #write(viewer: Viewer, event: 'view' | 'beat', data: string): void {
    if (!viewer.response.write(`event: ${event}\ndata: ${data}\n\n`)) viewer.stalledAt = performance.now();
  }
}
