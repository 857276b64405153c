// Bounds the memory of large answers that clients have not taken yet. One answer may go to many; it is counted once.
import type { ServerResponse } from 'node:http';
import type { Answer } from './answer.ts';

const largeLength = 1024 * 1024;
const usualMax = 256 * 1024 * 1024;

export class SendBudget {
  refused = 0;
  readonly #max: number;
  readonly #receivers = new Map<Answer, number>();
  #bytes = 0;

  constructor(max = usualMax) {
    this.#max = max;
  }

  /** Bytes of the large answers that are on their way. */
  get bytes(): number {
    return this.#bytes;
  }

  /** False if there is no room for another large answer; one that fits counts until the response is closed. */
  take(answer: Answer, response: Pick<ServerResponse, 'once'>): boolean {
    if (answer.length < largeLength) return true;
    const receivers = this.#receivers.get(answer) ?? 0;
    // Alone it may pass whatever its size.
    if (receivers === 0 && this.#bytes > 0 && this.#bytes + answer.length > this.#max) {
      this.refused += 1;
      return false;
    }
    this.#receivers.set(answer, receivers + 1);
    if (receivers === 0) this.#bytes += answer.length;
    response.once('close', () => this.#release(answer));
    return true;
  }

  #release(answer: Answer): void {
    const left = (this.#receivers.get(answer) ?? 1) - 1;
    if (left > 0) {
      this.#receivers.set(answer, left);
      return;
    }
    this.#receivers.delete(answer);
    this.#bytes -= answer.length;
  }
}
