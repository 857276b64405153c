// The TCP side: framed messages, several questions a connection, answered as they become ready (RFC 7766 section 6.2.1.1).
// A silent or slow client costs one of a bounded number of connections and nobody else's time.
import { createServer, type Socket } from 'node:net';
import { type Ip, parseIp } from '../shared/model/ip.ts';
import { cannotListen, type Listener, type ServeOptions } from './serve-udp.ts';
import { FrameCutter, frame } from './tcp-frames.ts';

export const tcpLimits = {
  idleMs: 8_000,
  connections: 512,
  connectionsPerClient: 64,
  queriesPerConnection: 1_024,
  /** Questions of one connection that are being answered at once; reading pauses beyond. */
  pipelined: 32,
  /** Bytes that a client may leave unread before it is cut off. */
  unreadBytes: 512 * 1024,
} as const;

/** Resolves when listening; a taken port is PORT_TAKEN. */
export function serveTcp(options: ServeOptions): Promise<Listener> {
  const open = new Set<Socket>();
  const perClient = new Map<Ip, number>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => socket.destroy());
    void admit(socket, perClient, options);
  });
  server.maxConnections = tcpLimits.connections;
  server.on('drop', () => options.onDropped('connections'));
  return new Promise((resolve, reject) => {
    const refused = (cause: NodeJS.ErrnoException): void => reject(cannotListen(options, 'tcp', cause));
    server.once('error', refused);
    server.listen({ host: options.address, port: options.port, exclusive: true, backlog: 256 }, () => {
      server.off('error', refused);
      server.on('error', options.onBroken);
      const close = (): void => {
        server.close();
        for (const socket of open) socket.destroy();
      };
      resolve({ close });
    });
  });
}

async function admit(socket: Socket, perClient: Map<Ip, number>, options: ServeOptions): Promise<void> {
  const source = parseIp(socket.remoteAddress ?? '');
  if (source === undefined) return void socket.destroy();
  if (!options.callers.allows(source) && !(await options.callers.allowsAfterLook(source))) {
    options.onDropped('caller');
    socket.resetAndDestroy();
    return;
  }
  const count = (perClient.get(source) ?? 0) + 1;
  if (count > tcpLimits.connectionsPerClient || socket.destroyed) {
    if (!socket.destroyed) options.onDropped('connections');
    socket.destroy();
    return;
  }
  perClient.set(source, count);
  socket.on('close', () => {
    const left = (perClient.get(source) ?? 1) - 1;
    if (left > 0) perClient.set(source, left);
    else perClient.delete(source);
  });
  new Conversation(socket, source, options).begin();
}

class Conversation {
  readonly #socket: Socket;
  readonly #source: Ip;
  readonly #options: ServeOptions;
  readonly #cutter = new FrameCutter();
  /** Whole messages that wait for a place among the pipelined ones. */
  #queue: Buffer[] = [];
  #answering = 0;
  #asked = 0;
  #ended = false;
  /** Counts from the last whole message or reply: single bytes now and then do not hold a connection. */
  readonly #idle: NodeJS.Timeout;

  constructor(socket: Socket, source: Ip, options: ServeOptions) {
    this.#socket = socket;
    this.#source = source;
    this.#options = options;
    this.#idle = setTimeout(() => socket.destroy(), tcpLimits.idleMs);
  }

  begin(): void {
    this.#socket.on('close', () => clearTimeout(this.#idle));
    this.#socket.on('data', (chunk) => this.#read(chunk));
    this.#socket.on('end', () => {
      this.#ended = true;
      this.#endIfDone();
    });
  }

  #read(chunk: Buffer): void {
    this.#queue.push(...this.#cutter.push(chunk));
    this.#work();
  }

  #work(): void {
    while (this.#queue.length > 0 && this.#answering < tcpLimits.pipelined) {
      const message = this.#queue.shift()!;
      this.#asked += 1;
      this.#idle.refresh();
      if (this.#asked > tcpLimits.queriesPerConnection) {
        this.#queue = [];
        this.#ended = true;
        this.#socket.pause();
        break;
      }
      void this.#answer(message);
    }
    if (this.#queue.length > 0) this.#socket.pause();
    else if (!this.#ended) this.#socket.resume();
    this.#endIfDone();
  }

  async #answer(message: Buffer): Promise<void> {
    this.#answering += 1;
    const handled = this.#options.handle(message, this.#source, 'tcp');
    const reply = handled instanceof Promise ? await handled : handled;
    this.#answering -= 1;
    if (this.#socket.destroyed) return;
    this.#idle.refresh();
    if (reply) this.#socket.write(frame(reply));
    if (this.#socket.writableLength > tcpLimits.unreadBytes) this.#socket.destroy();
    else if (handled instanceof Promise) this.#work();
  }

  /** After the client's last word, or ours, the connection ends when the last answer is written. */
  #endIfDone(): void {
    if (this.#ended && this.#answering === 0 && this.#queue.length === 0) this.#socket.end();
  }
}
