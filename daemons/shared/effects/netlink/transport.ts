// Requests to the kernel over one netlink socket. The only importer of the netlink package, of which it uses the native
// socket: its request layer has no deadline, drops the mark of an interrupted dump and the error at the end of a failed
// one, and its tables take 15 ms to load.
//
// Requests made in the same turn of the loop travel in one datagram. The kernel carries them out in their order and
// always reports failures, so only the last asks for an acknowledgement, which then stands for the ones before it: this
// halves the time of long batches. At most WINDOW requests are under way, so that their answers fit the receive buffer;
// an overrun of it would end the process inside the package.
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import type { RawNetlinkSocket } from 'netlink/dist/raw.js';
import { SuiteError } from '../../model/errors.ts';
import { patience } from '../patience.ts';
import { FLAG, NLMSG } from './constants.ts';
import { errnoIn, frame, readMessages } from './framing.ts';
import { refusal } from './refusal.ts';

/** One message of an answer: its type and what follows the netlink header. */
export interface Answer {
  readonly type: number;
  readonly data: Buffer;
}

interface Request {
  readonly attempted: string;
  readonly seq: number;
  readonly message: Buffer;
  readonly isDump: boolean;
  /** Refusals that are answers, as errnos below zero. */
  readonly tolerated: readonly number[];
  /** The requests of the same datagram before this one, which its acknowledgement stands for. */
  covers: readonly Request[];
  readonly answers: Answer[];
  interrupted: boolean;
  /** Refused for a reason that is tolerated. */
  declined: boolean;
  timer: NodeJS.Timeout | undefined;
  resolve(answers: Answer[]): void;
  reject(error: SuiteError): void;
}

const DEADLINE_MS = 5_000 * patience;
const WINDOW = 64;
const LONGEST_QUEUE = 100_000;
const DUMP_ATTEMPTS = 8;
const RECEIVE_BUFFER = 1 << 20;

const ROUTE = 0;
const none: readonly number[] = [];

/** What a Transport uses of the package's socket. */
export type KernelSocket = Pick<RawNetlinkSocket, 'on' | 'send' | 'ref' | 'unref' | 'close' | 'setRecvBufferSize'>;

export interface TransportOptions {
  /** A NETLINK_* number, default NETLINK_ROUTE. */
  readonly protocol?: number;
  readonly deadlineMs?: number;
  /** Default: a socket of the kernel, in the current namespace of the thread. */
  readonly socket?: KernelSocket;
}

export class Transport {
  readonly #socket: KernelSocket;
  readonly #deadlineMs: number;
  readonly #waiting: Request[] = [];
  readonly #sent = new Map<number, Request>();
  #seq = 0;
  #flushing = false;
  #open = true;
  #dumps: Promise<unknown> = Promise.resolve();

  constructor(options: TransportOptions = {}) {
    this.#deadlineMs = options.deadlineMs ?? DEADLINE_MS;
    this.#socket = options.socket ?? openPackageSocket(options.protocol ?? ROUTE);
    this.#socket.setRecvBufferSize(RECEIVE_BUFFER);
    this.#socket.unref();
    this.#socket.on('message', (bytes, from) => {
      if (from.port === 0) this.#receive(bytes);
    });
    this.#socket.on('error', (cause) => this.#failAll(new SuiteError('NETLINK_OVERRUN', 'read netlink', { cause })));
  }

  /**
   * Sends one request and waits for its acknowledgement; resolves with the messages that came before it.
   * @throws SuiteError NETLINK_*, or DEADLINE after 5 s.
   */
  request(attempted: string, type: number, flags: number, payload: Uint8Array): Promise<Answer[]> {
    return this.#enqueue(attempted, type, flags, payload).then(({ answers }) => answers);
  }

  /**
   * As request, but undefined if the kernel refuses it for one of `reasons` (names of errnos). Where a refusal is the usual
   * answer it costs no error, whose stack is dearer than the request.
   */
  tryRequest(
    attempted: string,
    type: number,
    flags: number,
    payload: Uint8Array,
    reasons: readonly (keyof typeof constants.errno)[],
  ): Promise<Answer[] | undefined> {
    const tolerated = reasons.map((name) => -constants.errno[name]);
    const asked = this.#enqueue(attempted, type, flags, payload, { tolerated });
    return asked.then(({ answers, declined }) => (declined ? undefined : answers));
  }

  /** Lists. The kernel runs one dump per socket at a time; one that a change interrupted is repeated. */
  dump(attempted: string, type: number, payload: Uint8Array): Promise<Answer[]> {
    const turn = this.#dumps.then(() => this.#dumpWhole(attempted, type, payload));
    this.#dumps = turn.catch(() => undefined);
    return turn;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    const waits = this.#sent.size + this.#waiting.length > 0;
    if (waits) this.#failAll(new SuiteError('NETLINK_REFUSED', 'wait for netlink: closed meanwhile'));
    this.#socket.close();
  }

  async #dumpWhole(attempted: string, type: number, payload: Uint8Array): Promise<Answer[]> {
    for (let attempt = 1; attempt <= DUMP_ATTEMPTS; attempt += 1) {
      const { answers, interrupted } = await this.#enqueue(attempted, type, FLAG.DUMP, payload, { isDump: true });
      if (!interrupted) return answers;
    }
    throw new SuiteError('NETLINK_BUSY', `${attempted}: changed under each of ${DUMP_ATTEMPTS} attempts`);
  }

  #enqueue(
    attempted: string,
    type: number,
    flags: number,
    payload: Uint8Array,
    { isDump = false, tolerated = none }: Partial<Pick<Request, 'isDump' | 'tolerated'>> = {},
  ): Promise<Request> {
    if (!this.#open) return Promise.reject(new SuiteError('NETLINK_REFUSED', `${attempted}: netlink is closed`));
    if (this.#waiting.length >= LONGEST_QUEUE) {
      return Promise.reject(new SuiteError('BUSY', `${attempted}: ${LONGEST_QUEUE} requests wait already`));
    }
    this.#seq = (this.#seq % 0xffffffff) + 1;
    const message = frame(type, flags | FLAG.REQUEST, this.#seq, payload);
    const { promise, resolve, reject } = Promise.withResolvers<Request>();
    const request: Request = {
      attempted,
      seq: this.#seq,
      message,
      isDump,
      tolerated,
      covers: [],
      answers: [],
      interrupted: false,
      declined: false,
      timer: undefined,
      resolve: () => resolve(request),
      reject,
    };
    this.#waiting.push(request);
    this.#flushSoon();
    return promise;
  }

  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    this.#flushing = false;
    const batch = this.#waiting.splice(0, WINDOW - this.#sent.size);
    if (batch.length === 0 || !this.#open) return;
    if (this.#sent.size === 0) this.#socket.ref();
    for (const request of batch) this.#sent.set(request.seq, request);
    askForAcknowledgement(batch);
    const bytes = batch.length === 1 ? batch[0]!.message : Buffer.concat(batch.map((request) => request.message));
    this.#socket.send(bytes, {}, (cause?: Error) => {
      if (!cause) return;
      for (const request of batch) {
        this.#settle(request, new SuiteError('NETLINK_REFUSED', `${request.attempted}: not sent`, { cause }));
      }
    });
    if (this.#sent.size === 0) return; // a direct socket has its answers already
    for (const request of batch) {
      if (!this.#sent.has(request.seq)) continue;
      request.timer = setTimeout(() => this.#settle(request, 'late'), this.#deadlineMs);
    }
  }

  #receive(bytes: Buffer): void {
    for (const message of readMessages(bytes)) {
      const request = this.#sent.get(message.seq);
      if (!request) continue; // an answer that came after its deadline
      if (message.flags & FLAG.DUMP_INTR) request.interrupted = true;
      if (message.type !== NLMSG.ERROR && message.type !== NLMSG.DONE) {
        request.answers.push({ type: message.type, data: message.data });
        continue;
      }
      const errno = errnoIn(message);
      for (const earlier of request.covers) this.#settle(earlier, undefined);
      request.declined = request.tolerated.includes(errno);
      this.#settle(request, errno === 0 || request.declined ? undefined : refusal(request.attempted, errno));
    }
  }

  #settle(request: Request, outcome: SuiteError | 'late' | undefined): void {
    if (!this.#sent.delete(request.seq)) return;
    clearTimeout(request.timer);
    if (outcome === undefined) request.resolve(request.answers);
    else if (outcome !== 'late') request.reject(outcome);
    else request.reject(new SuiteError('DEADLINE', `${request.attempted}: no answer in ${this.#deadlineMs} ms`));
    if (this.#sent.size > 0 || !this.#open) return;
    if (this.#waiting.length > 0) this.#flushSoon();
    else this.#socket.unref();
  }

  #failAll(error: SuiteError): void {
    const all = [...this.#sent.values(), ...this.#waiting.splice(0)];
    this.#sent.clear();
    for (const request of all) {
      clearTimeout(request.timer);
      request.reject(error);
    }
    if (this.#open) this.#socket.unref();
  }
}

/** Loaded at the first use: a CNI plugin, whose sockets are direct, does without its 3 ms. */
function openPackageSocket(protocol: number): KernelSocket {
  const { RawNetlinkSocket: Socket } = createRequire(import.meta.url)('netlink/dist/raw.js') as {
    RawNetlinkSocket: typeof RawNetlinkSocket;
  };
  return new Socket(protocol);
}

/** Marks the last request of a datagram that ends with an acknowledgement (a dump ends with a message of its own). */
function askForAcknowledgement(batch: readonly Request[]): void {
  const acknowledged = batch.filter((request) => !request.isDump);
  const last = acknowledged.pop();
  if (!last) return;
  last.message.writeUInt16LE(last.message.readUInt16LE(6) | FLAG.ACK, 6);
  last.covers = acknowledged;
}
