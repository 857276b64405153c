// Deleting a device keeps the kernel busy for 17 to 37 ms inside the send, and with it the whole event loop, since
// rtnetlink works in the sender's context. So deletions have a socket of their own and are sent from libuv's pool, one
// at a time: the kernel's lock serialises them anyway, and each one under way takes a thread from file work.
import { closeSync } from 'node:fs';
import { SuiteError } from '../../model/errors.ts';
import { openNetlinkSocket, receiveNow, sendOffLoop } from '../libc.ts';
import { patience } from '../patience.ts';
import { FLAG, NLMSG } from './constants.ts';
import { errnoIn, frame, readMessages } from './framing.ts';
import { refusal } from './refusal.ts';

const DEADLINE_MS = 5_000 * patience;
const LONGEST_QUEUE = 4_096;
const ROUTE = 0;

export class OffLoop {
  readonly #fd: number;
  readonly #buffer = Buffer.alloc(8_192);
  #seq = 0;
  #queued = 0;
  #open = true;
  #last: Promise<unknown> = Promise.resolve();

  /** Opens the socket in the current namespace of the thread. */
  constructor() {
    this.#fd = openNetlinkSocket(ROUTE, 0, { blocking: false });
  }

  /**
   * Sends one request and waits for its acknowledgement.
   * @throws SuiteError NETLINK_*, BUSY, or DEADLINE 5 s after its turn came; the kernel then still carries it out.
   */
  request(attempted: string, type: number, payload: Uint8Array): Promise<void> {
    if (!this.#open) return Promise.reject(new SuiteError('NETLINK_REFUSED', `${attempted}: netlink is closed`));
    if (this.#queued >= LONGEST_QUEUE) {
      return Promise.reject(new SuiteError('BUSY', `${attempted}: ${LONGEST_QUEUE} deletions wait already`));
    }
    this.#queued += 1;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#last = this.#last.then(async () => {
      const late = (): void => reject(new SuiteError('DEADLINE', `${attempted}: no answer in ${DEADLINE_MS} ms`));
      const timer = setTimeout(late, DEADLINE_MS);
      // The turn ends when the kernel is done, not at the deadline: two answers in one buffer would be mixed up.
      await this.#transact(attempted, type, payload).then(resolve, reject);
      clearTimeout(timer);
      this.#queued -= 1;
    });
    return promise;
  }

  /** Closes the socket once the requests made so far are answered. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    void this.#last.then(() => closeSync(this.#fd));
  }

  async #transact(attempted: string, type: number, payload: Uint8Array): Promise<void> {
    this.#seq = (this.#seq % 0xffffffff) + 1;
    const seq = this.#seq;
    await sendOffLoop(this.#fd, frame(type, FLAG.REQUEST | FLAG.ACK, seq, payload));
    for (;;) {
      // The kernel has answered before the send returned.
      const length = receiveNow(this.#fd, this.#buffer);
      if (length === 0) throw new SuiteError('NETLINK_REFUSED', `${attempted}: no acknowledgement`);
      const answer = readMessages(this.#buffer.subarray(0, length)).find((message) => message.seq === seq);
      if (answer?.type !== NLMSG.ERROR) continue;
      const errno = errnoIn(answer);
      if (errno !== 0) throw refusal(attempted, errno);
      return;
    }
  }
}
