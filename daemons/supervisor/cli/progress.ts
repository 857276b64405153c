// What `corral up` tells the person in front of it: when the suite is ready, what keeps it from that, and later every change.
import { type DaemonStatus, worstOf } from '../describe-status.ts';
import { renderConditions } from './render-conditions.ts';

export interface ProgressOptions {
  readonly names: readonly string[];
  readonly write: (line: string) => void;
  /** Ms since the command began. */
  readonly now: () => number;
  readonly later: (ms: number, work: () => void) => void;
}

/** What is not ready after this time is told; before, it is on its way. */
export const patienceMs = 5_000;

export class Progress {
  readonly #options: ProgressOptions;
  readonly #statuses = new Map<string, DaemonStatus>();
  /** Daemons of which something bad was told and no good since, with the fault that was told last. */
  readonly #open = new Map<string, string>();
  #phase: 'starting' | 'late' | 'up' | 'stopping' = 'starting';

  constructor(options: ProgressOptions) {
    this.#options = options;
    options.later(patienceMs, () => this.#tellLate());
  }

  changed(before: DaemonStatus, now: DaemonStatus): void {
    this.#statuses.set(now.name, now);
    if (this.#phase === 'stopping') return;
    const event = describeChange(before, now);
    if (event?.bad) this.#open.set(now.name, '');
    if (event) this.#options.write(event.text);
    if (this.#phase !== 'up' && this.#allReady()) this.#tellUp();
    if (now.ready) this.#settle(now.name);
    else this.#options.later(patienceMs, () => this.#settle(now.name));
  }

  stopping(): void {
    this.#phase = 'stopping';
    this.#options.write('stopping; containers keep their network');
  }

  #allReady(): boolean {
    return worstOf(this.#options.names.map((name) => this.#statuses.get(name)?.state ?? 'absent')) !== 'unready';
  }

  #tellUp(): void {
    this.#phase = 'up';
    const seconds = (this.#options.now() / 1_000).toFixed(1);
    this.#options.write(`corral is up: ${this.#options.names.join(', ')} ready in ${seconds} s`);
    this.#open.clear();
    for (const name of this.#options.names) this.#settle(name);
  }

  #tellLate(): void {
    if (this.#phase !== 'starting') return;
    this.#phase = 'late';
    const waiting = this.#options.names.filter((name) => !this.#statuses.get(name)?.ready);
    this.#options.write(`not ready yet: ${waiting.join(', ')}; corral goes on trying`);
    for (const name of waiting) this.#settle(name);
  }

  /** Tells the fault that stands, once; and its end. */
  #settle(name: string): void {
    const status = this.#statuses.get(name);
    if (!status || this.#phase === 'starting' || this.#phase === 'stopping') return;
    const fault = renderConditions(status).join('\n');
    const told = this.#open.get(name);
    if (fault === '') {
      if (status.ready && this.#open.delete(name)) this.#options.write(`${name} is ready again`);
    } else if (fault !== told) {
      this.#open.set(name, fault);
      this.#options.write(fault);
    }
  }
}

/** Lives and deaths are told when they happen. */
function describeChange(before: DaemonStatus, now: DaemonStatus): { text: string; bad: boolean } | undefined {
  const { name } = now;
  if (now.state === 'silent' && before.state !== 'silent') {
    return { text: `${name} gives no sign of life, it is killed and started again`, bad: true };
  }
  // A daemon that is launched has no process yet when it leaves `absent`.
  if (before.state === 'absent' && now.state !== 'absent' && now.pid !== null) {
    return { text: `${name} runs already (process ${now.pid}), it is taken over`, bad: false };
  }
  const died = now.state === 'starting' || now.state === 'backoff';
  return died && ['ready', 'degraded', 'unready'].includes(before.state)
    ? { text: `${name} ${now.lastEnd ?? 'ended'}, it is started again`, bad: true }
    : undefined;
}
