// GET /v1/watch: the whole snapshot, an object a line, then each revision's changes. The set is written in slices that wait for
// the reader; a reader that falls behind by too much is cut and starts again, so nobody's slowness costs the others.
import type { ServerResponse } from 'node:http';
import type { Route } from '../shared/daemon/http.ts';
import type { Metrics } from '../shared/daemon/metrics.ts';
import { silenceLimitMs } from '../shared/effects/patience.ts';
import { SuiteError } from '../shared/model/errors.ts';
import type { Kind } from '../shared/model/objects.ts';
import { type Change, objectsOf, type Snapshot, splitKey } from '../shared/model/snapshot.ts';
import { heartbeatMs, parseKinds, protocolVersion, renderLine, type WatchBatch } from '../shared/model/wire.ts';
import type { Revision, State } from './state.ts';

const maxWatchers = 64;
/** A reader may be this far behind, in bytes not yet taken by its socket. */
const maxBehind = 16 * 1024 * 1024;
/** Written in one turn: well below 10 ms of work. */
const sliceObjects = 250;
/** Batches are cut at about this many characters, far below the longest line allowed. */
const batchLength = 512 * 1024;

export interface WatchServer {
  readonly route: Route;
  close(): void;
}

export function serveWatch(state: State, metrics: Metrics, options: { maxBehind?: number } = {}): WatchServer {
  const watchers = new Set<Watcher>();
  const cut = metrics.counter(
    'corral_metadata_watchers_cut_total',
    'Readers of the watch cut because they fell behind',
  );
  metrics.gauge('corral_metadata_watchers', 'Readers of the watch', () => watchers.size);
  const untold: (() => void)[] = [];
  const tell = (): void => {
    for (const one of untold.splice(0)) one();
  };
  // Told a turn later: the source whose change it was is waiting for its acknowledgement, and a container behind it.
  const stop = state.onRevision((revision) => {
    if (watchers.size === 0) return;
    const [rendered, those] = [new Map<string, string>(), [...watchers]];
    if (untold.length === 0) setImmediate(tell);
    untold.push(() => {
      for (const watcher of those) if (watchers.has(watcher)) watcher.tell(revision, rendered);
    });
  });
  const beat = setInterval(() => {
    tell();
    for (const watcher of watchers) watcher.beat(state.snapshot);
  }, heartbeatMs).unref();
  const route: Route = {
    method: 'GET',
    path: /^\/v1\/watch$/,
    handle: (http) => {
      const text = http.query.kinds;
      const kinds = parseKinds(Array.isArray(text) ? text.join(',') : text);
      if (watchers.size >= maxWatchers) throw new SuiteError('BUSY', `serve more than ${maxWatchers} watches`);
      http.respond = false;
      const watcher = new Watcher(http.res, kinds, options.maxBehind ?? maxBehind, () => cut.inc());
      watchers.add(watcher);
      http.res.on('close', () => watchers.delete(watcher));
      void watcher.open(state);
    },
  };
  const close = (): void => {
    stop();
    tell();
    clearInterval(beat);
    for (const watcher of watchers) watcher.end();
  };
  return { route, close };
}

class Watcher {
  readonly #response: ServerResponse;
  readonly #kinds: readonly Kind[];
  readonly #maxBehind: number;
  readonly #onCut: () => void;
  /** Batches of the time in which the full set was still being written; undefined afterwards. */
  #later: string[] | undefined = [];
  #laterLength = 0;

  constructor(response: ServerResponse, kinds: readonly Kind[], behind: number, onCut: () => void) {
    this.#response = response;
    this.#kinds = kinds;
    this.#maxBehind = behind;
    this.#onCut = onCut;
  }

  /** Writes the full set of the snapshot as it is now, then what happened meanwhile. */
  async open(state: State): Promise<void> {
    const { snapshot, epoch } = state;
    const { revision, hostId, complete } = snapshot;
    this.#response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    this.#response.write(renderLine({ hello: { proto: protocolVersion, epoch, revision, hostId } }));
    const objects = objectsOf(snapshot, this.#kinds)[Symbol.iterator]();
    for (;;) {
      let text = '';
      let count = 0;
      for (; count < sliceObjects; count += 1) {
        const next = objects.next();
        if (next.done) break;
        text += renderLine({ put: next.value });
      }
      if (!(await this.#writeSlice(text))) return;
      if (count < sliceObjects) break;
    }
    this.#response.write(renderLine({ synced: { revision, complete } }));
    const later = this.#later ?? [];
    this.#later = undefined;
    for (const line of later) this.#write(line);
  }

  /** Equal batches for equal kinds are rendered once. */
  tell({ snapshot, change, before }: Revision, rendered: Map<string, string>): void {
    const name = this.#kinds.join(',');
    const known = rendered.get(name);
    const text = known ?? renderBatches(filterChange(change, this.#kinds), snapshot, before);
    rendered.set(name, text);
    if (text === '') return;
    if (this.#later) {
      this.#later.push(text);
      this.#laterLength += text.length;
      if (this.#laterLength > this.#maxBehind) this.#cut();
    } else this.#write(text);
  }

  beat({ revision, complete }: Snapshot): void {
    if (!this.#later) this.#write(renderLine({ beat: { revision, complete } }));
  }

  end(): void {
    this.#response.end();
  }

  #write(text: string): void {
    if (this.#response.destroyed) return;
    this.#response.write(text);
    if (this.#response.writableLength > this.#maxBehind) this.#cut();
  }

  #cut(): void {
    if (this.#response.destroyed) return;
    this.#onCut();
    this.#response.destroy();
  }

  /** Resolves when the reader has room for more, false if it is gone or does not take anything for too long. */
  #writeSlice(text: string): Promise<boolean> {
    const response = this.#response;
    if (response.destroyed) return Promise.resolve(false);
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        response.off('drain', finish);
        response.off('close', finish);
        resolve(!response.destroyed);
      };
      const timer = setTimeout(() => this.#cut(), silenceLimitMs).unref();
      response.once('close', finish);
      if (text === '' || response.write(text)) setImmediate(finish);
      else response.once('drain', finish);
    });
  }
}

function filterChange(change: Change, kinds: readonly Kind[]): Change {
  return {
    put: change.put.filter((object) => kinds.includes(object.kind)),
    drop: change.drop.filter((key) => kinds.includes(splitKey(key).kind)),
  };
}

/** The lines of one revision: none if nothing of it concerns the reader, several if it is large. */
function renderBatches(change: Change, { revision, complete }: Snapshot, before: Snapshot): string {
  if (change.put.length === 0 && change.drop.length === 0 && complete === before.complete) return '';
  const lines: string[] = [];
  let put: string[] = [];
  let length = 0;
  const line = (whole: boolean, drop: WatchBatch['drop']): void => {
    const rest = { revision, complete: whole, drop } satisfies Omit<WatchBatch, 'put'>;
    // Each object is made text once, so the line is put together by hand.
    lines.push(`{"batch":${JSON.stringify(rest).slice(0, -1)},"put":[${put.join(',')}]}}\n`);
    put = [];
    length = 0;
  };
  for (const object of change.put) {
    const text = JSON.stringify(object);
    if (length + text.length > batchLength && put.length > 0) line(before.complete, []);
    put.push(text);
    length += text.length;
  }
  line(complete, change.drop);
  return lines.join('');
}
