// Follows an engine's events and connects again for ever. It listens first and lists then, so that what happens in between is in
// the stream; `since` shortens the gap of a reconnection, the list closes it.
import type { Docker, DockerEvent, DockerEvents, ListedContainer } from '../../shared/effects/docker.ts';
import type { SuiteError } from '../../shared/model/errors.ts';
import { backoffMs } from '../../shared/reconcile/backoff.ts';

export interface FollowerOptions {
  readonly docker: Pick<Docker, 'events' | 'running'>;
  /** What runs, after each connection. */
  readonly onList: (running: readonly ListedContainer[]) => void;
  readonly onEvent: (event: DockerEvent) => void;
  /** undefined: connected; otherwise why not, once for each loss. */
  readonly onState: (fault: SuiteError | undefined) => void;
}

export class DockerFollower {
  readonly #options: FollowerOptions;
  #events: DockerEvents | undefined;
  #since: string | undefined;
  #failures = 0;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  start(): void {
    void this.#turn();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#events?.close();
  }

  async #turn(): Promise<void> {
    const fault = await this.#followOnce().catch((error: SuiteError) => error);
    this.#events?.close();
    if (this.#closed) return;
    this.#failures += 1;
    if (this.#failures === 1) this.#options.onState(fault);
    this.#timer = setTimeout(() => void this.#turn(), backoffMs(this.#failures, Math.random()));
  }

  /** Resolves or rejects with why the stream is over. */
  async #followOnce(): Promise<SuiteError> {
    const { docker, onList, onEvent, onState } = this.#options;
    const events = await docker.events(this.#since, (event) => {
      if (event.at !== undefined) this.#since = event.at;
      onEvent(event);
    });
    this.#events = events;
    if (this.#closed) events.close();
    onList(await docker.running());
    this.#failures = 0;
    onState(undefined);
    return events.ended;
  }
}
