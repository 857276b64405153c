// The open connection by which the supervisor knows that a daemon lives: connects to `/v1/life` again and again, and tells
// what it sees there.
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import type { HealthReport } from '../shared/daemon/health.ts';
import { peerCredentials } from '../shared/effects/libc.ts';
import { LineCutter } from '../shared/model/lines.ts';

/** What the daemon says of itself when the connection opens. */
export interface Hello {
  readonly pid: number;
  readonly version: string;
}

export interface LifeListener {
  /** Nobody listens on the socket. */
  nobody(): void;
  /** The kernel's word for who listens; nothing was heard yet. */
  connected(pid: number): void;
  hello(hello: Hello): void;
  /** A sign of life, with the daemon's health if it says so. */
  beat(health: HealthReport | undefined): void;
  lost(): void;
}

export interface LifeOptions {
  readonly socketPath: string;
  /** Pause before the next try, ms, asked each time. */
  readonly pauseMs: () => number;
}

/** More is no beat. */
const maxLineBytes = 256 * 1024;

/** Follows until closed. */
export function followLife(options: LifeOptions, listener: LifeListener): { close(): void } {
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let current: ClientRequest | undefined;
  const connect = (): void => {
    let reached = false;
    let over = false;
    const outgoing = request({ socketPath: options.socketPath, path: '/v1/life', agent: false });
    current = outgoing;
    const end = (): void => {
      if (over || closed) return;
      over = true;
      outgoing.destroy();
      if (reached) listener.lost();
      else listener.nobody();
      if (!closed) timer = setTimeout(connect, options.pauseMs()); // the listener may have seen enough
    };
    outgoing.on('socket', (socket) => {
      socket.once('connect', () => {
        reached = true;
        listener.connected(listenerOf(socket));
      });
    });
    outgoing.on('response', (incoming) => read(incoming, listener, end));
    outgoing.on('error', end);
    outgoing.on('close', end);
    outgoing.end();
  };
  connect();
  return {
    close: () => {
      closed = true;
      clearTimeout(timer);
      current?.destroy();
    },
  };
}

function read(incoming: IncomingMessage, listener: LifeListener, end: () => void): void {
  incoming.on('error', end);
  incoming.on('end', end);
  if (incoming.statusCode !== 200) {
    end();
    return;
  }
  const cutter = new LineCutter(maxLineBytes);
  incoming.on('data', (chunk: Buffer) => {
    try {
      for (const line of cutter.push(chunk)) tell(JSON.parse(line), listener);
    } catch {
      end(); // not the language of a daemon of ours; its silence will be judged
    }
  });
}

function tell(line: { hello?: Hello; health?: HealthReport }, listener: LifeListener): void {
  if (line.hello) listener.hello(line.hello);
  else listener.beat(line.health);
}

/** The process that called listen(), known without a word from it. Node offers no way to ask, but shows the descriptor. */
function listenerOf(socket: Socket): number {
  const { _handle } = socket as unknown as { _handle?: { fd?: number } | null };
  const fd = _handle?.fd;
  return fd === undefined || fd < 0 ? 0 : peerCredentials(fd).pid;
}
