// Asks the peers through the overlay, answers their questions, and tells what follows for health and readers.
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../shared/effects/clock.ts';
import { probePort } from '../rules/want-rules.ts';
import { parseProbe, renderProbe } from './message.ts';
import { mostPerSecond, PeerBook, type PeerView } from './peer-book.ts';
import { openProbeSocket, type ProbeSocket } from './probe-socket.ts';
import type { ProbeNetwork, ProbeTarget } from './targets.ts';

const tickMs = 100;
/** Two thousand peers ask this often; more is no peer's question. */
const mostAnswersPerSecond = 2 * mostPerSecond;
const reopenMs = 1_000;

export interface ProberOptions {
  readonly clock: Clock;
  readonly onChanged: () => void;
}

interface Room {
  network: ProbeNetwork;
  socket: ProbeSocket | undefined;
  boundTo: string | undefined;
  triedAt: number;
  /** By their address inside. */
  byGateway: ReadonlyMap<string, ProbeTarget>;
}

export class Prober {
  readonly #options: ProberOptions;
  readonly #book: PeerBook<ProbeTarget>;
  readonly #rooms = new Map<string, Room>();
  #unprobed: readonly ProbeTarget[] = [];
  #cancel: (() => void) | undefined;
  #answersLeft = 0;
  #refillAt = 0;
  sent = 0;
  received = 0;
  refused = 0;

  constructor(options: ProberOptions) {
    this.#options = options;
    this.#book = new PeerBook(Math.random, () => randomBytes(8).toString('hex'));
  }

  want(networks: readonly ProbeNetwork[]): void {
    const now = this.#options.clock.now();
    const names = new Set(networks.map(({ name }) => name));
    for (const [name, room] of this.#rooms) if (!names.has(name)) this.#leave(name, room);
    for (const network of networks) this.#enter(network);
    const targets = networks.flatMap((network) => network.targets);
    this.#book.want(
      targets.filter(({ gateway }) => gateway !== undefined),
      now,
    );
    this.#unprobed = targets.filter(({ gateway }) => gateway === undefined);
    // A host that is alone has nobody to ask, and no timer either.
    if (networks.length > 0) this.#cancel ??= this.#options.clock.every(tickMs, () => this.#tick());
    if (targets.length === 0) this.#rest();
    this.#options.onChanged();
  }

  views(): PeerView<ProbeTarget>[] {
    const since = 0;
    const unknown = this.#unprobed.map((target): PeerView<ProbeTarget> => {
      return { target, state: 'unknown', since, lastReply: undefined, rttMs: undefined, mtuOk: undefined };
    });
    return [...this.#book.views(), ...unknown];
  }

  close(): void {
    this.#rest();
    for (const [name, room] of this.#rooms) this.#leave(name, room);
  }

  #rest(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #enter(network: ProbeNetwork): void {
    const byGateway = new Map<string, ProbeTarget>();
    for (const target of network.targets) if (target.gateway !== undefined) byGateway.set(target.gateway, target);
    const room = this.#rooms.get(network.name);
    if (room) Object.assign(room, { network, byGateway });
    else {
      const triedAt = Number.NEGATIVE_INFINITY;
      this.#rooms.set(network.name, { network, byGateway, socket: undefined, boundTo: undefined, triedAt });
    }
  }

  #leave(name: string, room: Room): void {
    room.socket?.close();
    this.#rooms.delete(name);
  }

  #tick(): void {
    const now = this.#options.clock.now();
    for (const room of this.#rooms.values()) this.#bind(room, now);
    const { asks, changed } = this.#book.due(now, Math.ceil((mostPerSecond * tickMs) / 1_000));
    for (const { target, nonce, full } of asks) {
      const message = renderProbe({ kind: 'ask', vni: target.vni, nonce }, full ? target.fullLength : undefined);
      this.#rooms.get(target.network)?.socket?.send(message, target.gateway!);
      this.sent += 1;
    }
    if (changed) this.#options.onChanged();
  }

  /** The bridge with the address may come later than the network, and go in between. */
  #bind(room: Room, now: number): void {
    const { from } = room.network;
    if (from !== room.boundTo) {
      room.socket?.close();
      room.socket = undefined;
      room.boundTo = undefined;
    }
    if (from === undefined || room.socket || now - room.triedAt < reopenMs) return;
    room.triedAt = now;
    room.boundTo = from;
    room.socket = openProbeSocket({
      from,
      port: probePort,
      onMessage: (message, source) => this.#take(room, message, source),
      onFailed: () => {
        room.socket = undefined;
        room.boundTo = undefined;
      },
    });
  }

  #take(room: Room, bytes: Buffer, from: string): void {
    const peer = room.byGateway.get(from);
    const message = parseProbe(bytes);
    if (!peer || message?.vni !== peer.vni) {
      this.refused += 1;
      return;
    }
    const now = this.#options.clock.now();
    if (message.kind === 'ask') {
      this.#book.heard(peer.key, now);
      if (this.#mayAnswer(now)) room.socket?.send(renderProbe({ ...message, kind: 'answer' }, bytes.length), from);
      else this.refused += 1;
      return;
    }
    const outcome = this.#book.answered(message.nonce, peer.key, now);
    if (outcome) this.received += 1;
    else this.refused += 1;
    if (outcome?.changed) this.#options.onChanged();
  }

  #mayAnswer(now: number): boolean {
    if (now >= this.#refillAt) {
      this.#answersLeft = mostAnswersPerSecond;
      this.#refillAt = now + 1_000;
    }
    if (this.#answersLeft <= 0) return false;
    this.#answersLeft -= 1;
    return true;
  }
}
