// Replies of the main thread on a worker's descriptor, a few dozen with one call: alone, each would cost more than its making.
import { DatagramBatch, slotBytes } from '../../shared/effects/libc-mmsg.ts';
import { canJoin } from '../../shared/effects/libc-udp.ts';
import type { Ipv4 } from '../../shared/model/ipv4.ts';

/** Replies that wait for each other; the first one waits for no more than these. */
const size = 32;

export class ReplySender {
  readonly #fd: number;
  readonly #batch: DatagramBatch;
  readonly #onUnsent: (by: number) => void;
  #waiting = 0;

  /** `onUnsent` is told how many replies the kernel did not take. */
  constructor(fd: number, onUnsent: (by: number) => void) {
    this.#fd = fd;
    this.#batch = new DatagramBatch(size, { joins: canJoin(fd) });
    this.#onUnsent = onUnsent;
  }

  /** Copies the reply; it goes out with the next `flush`, or with this call when enough of them wait. */
  add(reply: Uint8Array, address: Ipv4, port: number): void {
    if (reply.length > slotBytes) {
      this.#onUnsent(1);
      return;
    }
    const slot = this.#waiting;
    this.#waiting = slot + 1;
    this.#batch.bytes.set(reply, this.#batch.start(slot));
    this.#batch.address(slot, address, port);
    this.#batch.queue(slot, reply.length);
    if (this.#waiting === size) this.flush();
  }

  flush(): void {
    if (this.#waiting === 0) return;
    this.#waiting = 0;
    const unsent = this.#batch.send(this.#fd);
    if (unsent > 0) this.#onUnsent(unsent);
  }

  /** After this it must not be used. */
  release(): void {
    this.#batch.release();
  }
}
