// A source's end of the records channel: holds what the source wants known, sends it whole after each connection and by
// changes then, and tells when a change was acknowledged.
import { connect, type Socket } from 'node:net';
import { silenceLimitMs } from '../effects/patience.ts';
import { hasCode, SuiteError } from '../model/errors.ts';
import { LineCutter } from '../model/lines.ts';
import { type Key, keyOf, type SourceRecord } from '../model/objects.ts';
import {
  heartbeatMs,
  parseLine,
  protocolVersion,
  type Refusal,
  renderLine,
  replyMembers,
  type SourceReply,
} from '../model/wire.ts';
import { backoffMs } from '../reconcile/backoff.ts';

export interface RecordsOptions {
  readonly socketPath: string;
  /** Name of the source; metadata keeps one full set a source. */
  readonly source: string;
  readonly onState: (fault: SuiteError | undefined) => void;
  readonly onRefused: (refusals: readonly Refusal[]) => void;
}

/** While metadata is away, waits pile up; the oldest give way (their callers have long stopped waiting). */
const maxWaiters = 1_000;

interface Waiter {
  readonly seq: number;
  readonly done: () => void;
}

export class Records {
  readonly #options: RecordsOptions;
  readonly #records = new Map<Key, SourceRecord>();
  #ready = false;
  #socket: Socket | undefined;
  #seq = 0;
  #waiters: Waiter[] = [];
  #failures = 0;
  #acknowledged = false;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;
  #beat: NodeJS.Timeout | undefined;

  constructor(options: RecordsOptions) {
    this.#options = options;
  }

  /** The first full set is known: connect and send it. Before, silence keeps what metadata remembers. */
  start(records: Iterable<SourceRecord>): void {
    for (const record of records) this.#records.set(keyOf(record), record);
    this.#ready = true;
    this.#connect();
  }

  get all(): ReadonlyMap<Key, SourceRecord> {
    return this.#records;
  }

  /** Resolves when metadata has acknowledged, at latest with the next connection's full set. */
  change(put: readonly SourceRecord[], drop: readonly Key[]): Promise<void> {
    for (const record of put) this.#records.set(keyOf(record), record);
    for (const key of drop) this.#records.delete(key);
    if (!this.#ready) return Promise.resolve();
    if (this.#waiters.length >= maxWaiters) this.#waiters.shift()?.done();
    const acknowledged = new Promise<void>((done) => this.#waiters.push({ seq: this.#seq + 1, done }));
    // Without a connection the full set of the next one carries the change.
    if (this.#socket?.readyState === 'open') this.#send({ batch: { seq: ++this.#seq, put, drop } });
    return acknowledged;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearInterval(this.#beat);
    this.#socket?.destroy();
  }

  #connect(): void {
    const socket = connect(this.#options.socketPath);
    this.#socket = socket;
    socket.setTimeout(silenceLimitMs, () =>
      socket.destroy(new SuiteError('DEADLINE', `records: silent for ${silenceLimitMs} ms`)),
    );
    let fault: Error | undefined;
    socket.on('error', (error) => {
      fault = error;
    });
    socket.on('close', () => this.#lost(fault));
    socket.on('connect', () => this.#sendAll());
    const cutter = new LineCutter();
    socket.on('data', (chunk) => {
      try {
        for (const line of cutter.push(chunk)) this.#read(parseLine<SourceReply>(line, replyMembers));
      } catch (error) {
        socket.destroy(error as Error);
      }
    });
  }

  #sendAll(): void {
    this.#send({ hello: { proto: protocolVersion, source: this.#options.source } });
    for (const record of this.#records.values()) this.#send({ put: record });
    this.#seq += 1;
    this.#send({ synced: { seq: this.#seq } });
    this.#beat = setInterval(() => this.#send({ beat: {} }), heartbeatMs).unref();
  }

  #send(line: Parameters<typeof renderLine>[0]): void {
    this.#socket?.write(renderLine(line));
  }

  #read(reply: SourceReply): void {
    if ('hello' in reply) {
      if (reply.hello.proto !== protocolVersion)
        throw new SuiteError('PROTOCOL', `speak records protocol ${reply.hello.proto}`);
    } else if ('ack' in reply) {
      this.#up();
      const { seq } = reply.ack;
      const done = this.#waiters.filter((waiter) => waiter.seq <= seq);
      this.#waiters = this.#waiters.filter((waiter) => waiter.seq > seq);
      for (const waiter of done) waiter.done();
      if (reply.ack.refused.length > 0) this.#options.onRefused(reply.ack.refused);
    }
  }

  /** Up means acknowledged, not only connected. */
  #up(): void {
    this.#failures = 0;
    if (!this.#acknowledged) this.#options.onState(undefined);
    this.#acknowledged = true;
  }

  #lost(cause: Error | undefined): void {
    clearInterval(this.#beat);
    this.#acknowledged = false;
    if (this.#closed) return;
    this.#failures += 1;
    if (this.#failures === 1) {
      const text = `report records on ${this.#options.socketPath}: ${cause?.message ?? 'metadata closed the channel'}`;
      this.#options.onState(hasCode(cause, 'PROTOCOL') ? cause : new SuiteError('NOT_RUNNING', text, { cause }));
    }
    this.#timer = setTimeout(() => this.#connect(), backoffMs(this.#failures, Math.random()));
  }
}
