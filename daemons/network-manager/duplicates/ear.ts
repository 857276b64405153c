// What belongs to one bridge: a socket that hears and speaks ARP there, the rounds of questions, and a socket for each port that
// is not ours, so that who may be behind it is asked without asking everybody.
import { type ArpSocket, openArp } from '../../shared/effects/libc-arp.ts';
import type { Ipv4 } from '../../shared/model/ipv4.ts';
import type { Mac } from '../../shared/model/mac.ts';
import { type ArpSender, renderAnnouncement, renderProbe, senderOf, targetOf } from './arp-message.ts';
import { CommonRound, ProbeRound, strangerPace } from './probe-round.ts';

const mostMessages = 256;
const mostStrangers = 64;

interface Stranger {
  readonly socket: ArpSocket;
  readonly round: ProbeRound;
}

export class Ear {
  readonly index: number;
  readonly #mac: Mac;
  readonly #socket: ArpSocket;
  readonly #round = new CommonRound();
  /** By the port's index. */
  readonly #strangers = new Map<number, Stranger>();
  /** Addresses that others asked for since the last pass. */
  readonly #wanted = new Set<Ipv4>();
  /** Addresses that somebody took since the last pass. */
  readonly #taken = new Set<Ipv4>();

  /** @throws LibcError if there is no such device. */
  constructor(bridge: { readonly index: number; readonly mac: Mac }) {
    this.index = bridge.index;
    this.#mac = bridge.mac;
    this.#socket = openArp(bridge.index);
  }

  close(): void {
    this.#socket.close();
    for (const index of [...this.#strangers.keys()]) this.#leave(index);
  }

  /** Ports of the bridge that no attachment made. */
  setStrangers(ports: ReadonlySet<number>): void {
    for (const index of [...this.#strangers.keys()]) if (!ports.has(index)) this.#leave(index);
    for (const index of ports) {
      if (this.#strangers.has(index) || this.#strangers.size >= mostStrangers) continue;
      this.#strangers.set(index, { socket: openArp(index, false), round: new ProbeRound() });
    }
  }

  /** Somebody took the address: it is asked for in the next turn. */
  noteTaken(ip: Ipv4): void {
    this.#taken.add(ip);
  }

  /** What was taken may have gone unheard. */
  hurry(): void {
    this.#round.hurry();
  }

  /** Tells of each who says that he has an address. @throws LibcError when the device is gone, or down. */
  hear(onSender: (sender: ArpSender) => void): void {
    for (let count = 0; count < mostMessages; count += 1) {
      const message = this.#socket.receive();
      if (!message) return;
      const sender = senderOf(message);
      if (!sender) continue;
      onSender(sender);
      const target = sender.mac === this.#mac ? undefined : targetOf(message);
      if (target !== undefined && this.#wanted.size < mostMessages) this.#wanted.add(target);
    }
  }

  /** Asks for those addresses whose turn it is. @param now monotonic, ms. @throws LibcError as `hear` does. */
  ask(addresses: readonly Ipv4[], now: number): void {
    const due = this.#round.take(addresses, { wanted: this.#wanted, taken: this.#taken }, now);
    this.#wanted.clear();
    this.#taken.clear();
    for (const ip of due) this.#socket.broadcast(renderProbe(this.#mac, ip));
    for (const [index, { socket, round }] of this.#strangers) {
      try {
        const turn = round.take(addresses, strangerPace(addresses.length));
        for (const ip of turn) socket.broadcast(renderProbe(this.#mac, ip));
      } catch {
        this.#leave(index); // the port is gone, or down; a later look opens it again
      }
    }
  }

  /** @throws LibcError as `hear` does. */
  announce(owner: ArpSender): void {
    this.#socket.broadcast(renderAnnouncement(owner));
  }

  #leave(index: number): void {
    this.#strangers.get(index)?.socket.close();
    this.#strangers.delete(index);
  }
}
