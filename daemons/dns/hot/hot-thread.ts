// One hot worker and its descriptor: started, watched, replaced when it dies, stopped. The descriptor belongs to this side and
// outlives the thread, so what waits in the kernel when a worker dies is answered by the next; it is closed only when no thread
// can be blocked on it.
import { randomInt } from 'node:crypto';
import { closeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { programPath } from '../../shared/daemon/installation.ts';
import type { Ipv4 } from '../../shared/model/ipv4.ts';
import type { HotEntry } from './hot-cache.ts';
import type { MissPort } from './hot-desk.ts';
import { CounterReader } from './labels.ts';
import { packEntries } from './packed-entries.ts';
import { headWords, type Misses, sharedWords, type ToWorker, word } from './protocol.ts';
import { ReplySender } from './reply-sender.ts';

/** What a worker is given at its start. */
export interface HotWorkerData {
  readonly fd: number;
  readonly port: MessagePort;
  readonly words: Int32Array;
  /** Secret of the hash tables. */
  readonly seed: number;
  readonly maxBytes: number;
  readonly batch: number;
}

export interface HotThreadOptions {
  readonly fd: number;
  readonly maxBytes: number;
  readonly takeMisses: (misses: Misses, from: MissPort) => void;
  /** All that a new worker has to be told before it can answer. */
  readonly introduce: () => readonly ToWorker[];
  /** Replies that the kernel did not take. */
  readonly onUnsent: (by: number) => void;
  /** The worker is gone and a new one follows. */
  readonly onDeath: (error: Error) => void;
}

/** Datagrams of one turn. */
const batch = 64;
/** A new worker after this, so that one that cannot start does not keep the processor busy. */
const shortestLifeMs = 1_000;
const watchEveryMs = 2_000;
/** A stop is seen after one timeout of the socket; this is many. */
const stopDeadlineMs = 2_000;

interface Crew {
  readonly worker: Worker;
  readonly port: MessagePort;
  readonly words: Int32Array;
  readonly counters: CounterReader;
  readonly gone: Promise<void>;
  turns: number;
  /** Looks in a row that saw no turn. */
  stuck: number;
  alive: boolean;
}

export class HotThread implements MissPort {
  readonly #options: HotThreadOptions;
  readonly #watch: NodeJS.Timeout;
  readonly #replies: ReplySender;
  #crew: Crew;
  #closed = false;

  constructor(options: HotThreadOptions) {
    this.#options = options;
    this.#replies = new ReplySender(options.fd, options.onUnsent);
    this.#crew = this.#start();
    this.#watch = setInterval(() => this.#look(), watchEveryMs).unref();
  }

  /** False between the death of a worker and the first turn of the next. */
  get alive(): boolean {
    return this.#crew.alive && Atomics.load(this.#crew.words, word.turns) !== 0;
  }

  get counters(): CounterReader {
    return this.#crew.counters;
  }

  get words(): Int32Array {
    return this.#crew.words;
  }

  tell(message: ToWorker): void {
    this.#crew.port.postMessage(message);
    Atomics.add(this.#crew.words, word.generation, 1);
  }

  keep(entries: readonly HotEntry[]): void {
    const packed = packEntries(entries);
    const transfer = [packed.heads.buffer, packed.bytes.buffer] as ArrayBuffer[];
    this.#crew.port.postMessage({ kind: 'put', entries: packed } satisfies ToWorker, transfer);
    Atomics.add(this.#crew.words, word.generation, 1);
  }

  reply(bytes: Uint8Array, address: Ipv4, port: number): void {
    if (this.#closed) this.#options.onUnsent(1);
    else this.#replies.add(bytes, address, port);
  }

  flush(): void {
    if (!this.#closed) this.#replies.flush();
  }

  /** Ends the worker, then closes the descriptor. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#replies.flush();
    this.#closed = true;
    this.#replies.release();
    clearInterval(this.#watch);
    const { words, gone, port } = this.#crew;
    Atomics.store(words, word.stop, 1);
    const ended = await Promise.race([gone.then(() => true), sleep(stopDeadlineMs, false, { ref: false })]);
    port.close();
    // A number that a thread still reads from must not be given to the next file that is opened.
    if (ended) closeSync(this.#options.fd);
  }

  #start(): Crew {
    const { port1, port2 } = new MessageChannel();
    const words = new Int32Array(new SharedArrayBuffer(sharedWords * 4));
    const { fd, maxBytes } = this.#options;
    const workerData: HotWorkerData = { fd, port: port2, words, seed: randomInt(1, 0x7fffffff), maxBytes, batch };
    const worker = new Worker(programPath('daemons/dns/hot/worker'), {
      name: 'dns-hot',
      workerData,
      transferList: [port2],
      resourceLimits: { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 256, stackSizeMb: 1 },
    });
    const startedAt = performance.now();
    let failure = new Error('the thread ended');
    worker.on('error', (error) => (failure = error instanceof Error ? error : new Error(String(error))));
    const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    port1.on('message', (misses: Misses) => {
      Atomics.add(words, word.taken, misses.heads.length / headWords);
      this.#options.takeMisses(misses, this);
    });
    for (const message of this.#options.introduce()) port1.postMessage(message);
    Atomics.add(words, word.generation, 1);
    void gone.then(() => this.#replace(port1, failure, startedAt));
    return { worker, port: port1, words, counters: new CounterReader(words), gone, turns: 0, stuck: 0, alive: true };
  }

  async #replace(port: MessagePort, failure: Error, startedAt: number): Promise<void> {
    this.#crew.alive = false;
    if (this.#closed) return;
    port.close();
    this.#options.onDeath(failure);
    const lived = performance.now() - startedAt;
    if (lived < shortestLifeMs) await sleep(shortestLifeMs - lived, undefined, { ref: false });
    if (!this.#closed) this.#crew = this.#start();
    else closeSync(this.#options.fd);
  }

  /**
   * A worker turns at least ten times a second; one that twice did not is caught in something and is replaced. Twice, since
   * after a pause of the whole process the first look may come before its next turn.
   */
  #look(): void {
    const crew = this.#crew;
    const turns = Atomics.load(crew.words, word.turns);
    crew.stuck = turns === crew.turns && turns > 0 ? crew.stuck + 1 : 0;
    crew.turns = turns;
    if (crew.stuck === 2) void crew.worker.terminate();
  }
}
