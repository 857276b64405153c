// The client of charon's VICI socket. Packets carry no numbers, so that one command at a time is under way and events may come
// in between; a command without an answer costs the connection, since a late answer would be taken for the next one's.
import { connect, type Socket } from 'node:net';
import { fittingSocketPath } from '../../shared/effects/socket-path.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import {
  decodePacket,
  encodePacket,
  type Packet,
  PacketReader,
  type ViciInput,
  type ViciSection,
} from './vici-codec.ts';

export interface Vici {
  /**
   * @throws SuiteError VICI_REFUSED with charon's words, NOT_RUNNING if nobody listens or the connection ends, DEADLINE,
   * PROTOCOL, BUSY
   */
  call(command: string, message?: ViciInput, timeoutMs?: number): Promise<ViciSection>;
  /** The events that a listing command streams, in their order. Throws as `call`. */
  list(command: string, event: string, message?: ViciInput, timeoutMs?: number): Promise<ViciSection[]>;
  /** How often it has connected: another connection may be to another charon. */
  connections(): number;
  /** Ends the connection; commands that wait are refused. */
  close(): void;
}

const usualMs = 5_000;
const mostWaiting = 4_096;
/** Two events a peer and network at most; more than any host has. */
const mostEvents = 100_000;

/** Connects with the first command, and again after a loss. */
export function openVici(socketPath: string): Vici {
  let channel: Channel | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  let connections = 0;
  let closed = false;
  const inTurn = async <T>(attempted: string, work: (open: Channel) => Promise<T>): Promise<T> => {
    if (waiting >= mostWaiting) throw new SuiteError('BUSY', `${attempted}: ${mostWaiting} commands wait for charon`);
    waiting += 1;
    const mine = turn.then(async () => {
      if (closed) throw new SuiteError('NOT_RUNNING', `${attempted}: the client is closed`);
      if (!channel || channel.isLost) {
        channel = new Channel(socketPath);
        connections += 1;
      }
      return work(channel);
    });
    turn = mine.catch(() => undefined);
    try {
      return await mine;
    } finally {
      waiting -= 1;
    }
  };
  return {
    call(command, message = {}, timeoutMs = usualMs) {
      const attempted = `tell charon ${command}`;
      return inTurn(attempted, async (open) => {
        const answer = await open.ask(encodePacket('request', command, message), attempted, timeoutMs);
        return judge(answer, attempted);
      });
    },
    list(command, event, message = {}, timeoutMs = usualMs) {
      const attempted = `ask charon to ${command}`;
      return inTurn(attempted, async (open) => {
        const until = performance.now() + timeoutMs;
        const left = (): number => Math.max(1, until - performance.now());
        const events: ViciSection[] = [];
        open.onEvent = (packet) => {
          if (packet.name === event && events.push(packet.message) > mostEvents) open.lose(tooMany(attempted));
        };
        try {
          confirm(await open.ask(encodePacket('register', event), attempted, left()), attempted, event);
          judge(await open.ask(encodePacket('request', command, message), attempted, left()), attempted);
          confirm(await open.ask(encodePacket('unregister', event), attempted, left()), attempted, event);
        } finally {
          open.onEvent = undefined;
        }
        return events;
      });
    },
    connections: () => connections,
    close() {
      closed = true;
      channel?.lose(new SuiteError('NOT_RUNNING', 'wait for charon: the client is closed'));
    },
  };
}

function judge(packet: Packet, attempted: string): ViciSection {
  if (packet.type === 'unknownCommand') throw new SuiteError('VICI_REFUSED', `${attempted}: it knows no such command`);
  const { success, errmsg } = packet.message;
  if (success === undefined || success === 'yes') return packet.message;
  throw new SuiteError(
    'VICI_REFUSED',
    `${attempted}: ${typeof errmsg === 'string' ? errmsg.slice(0, 300) : 'refused'}`,
  );
}

function confirm(packet: Packet, attempted: string, event: string): void {
  if (packet.type !== 'confirm') throw new SuiteError('VICI_REFUSED', `${attempted}: it knows no event ${event}`);
}

function tooMany(attempted: string): SuiteError {
  return new SuiteError('PROTOCOL', `${attempted}: more than ${mostEvents} answers`);
}

/** One connection. */
class Channel {
  readonly #socket: Socket;
  readonly #reader = new PacketReader();
  #waiting: { readonly resolve: (packet: Packet) => void; readonly reject: (error: unknown) => void } | undefined;
  #lost: unknown;
  onEvent: ((packet: Packet) => void) | undefined;

  constructor(socketPath: string) {
    this.#socket = connect(fittingSocketPath(socketPath));
    this.#socket.on('data', (chunk) => this.#take(chunk));
    this.#socket.on('error', (cause) => {
      this.lose(new SuiteError('NOT_RUNNING', `reach charon at ${socketPath}`, { cause }));
    });
    this.#socket.on('close', () => this.lose(new SuiteError('NOT_RUNNING', 'wait for charon: it hung up')));
    this.#socket.unref();
  }

  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  lose(error: unknown): void {
    if (this.isLost) return;
    this.#lost = error;
    this.#socket.destroy();
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }

  async ask(packet: Buffer, attempted: string, timeoutMs: number): Promise<Packet> {
    if (this.isLost) throw this.#lost;
    const { promise, resolve, reject } = Promise.withResolvers<Packet>();
    this.#waiting = { resolve, reject };
    const timer = setTimeout(() => {
      this.lose(new SuiteError('DEADLINE', `${attempted}: no answer in ${Math.round(timeoutMs)} ms`));
    }, timeoutMs);
    this.#socket.write(packet);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  #take(chunk: Buffer): void {
    try {
      for (const body of this.#reader.push(chunk)) this.#sort(decodePacket(body));
    } catch (error) {
      this.lose(error);
    }
  }

  #sort(packet: Packet): void {
    if (packet.type === 'event') {
      this.onEvent?.(packet);
      return;
    }
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) waiting.resolve(packet);
    else this.lose(new SuiteError('PROTOCOL', 'read from charon: an answer to nothing'));
  }
}
