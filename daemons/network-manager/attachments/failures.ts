// What could not be attached and why: one log line for each change, a count for each code, one health condition over all.
import { CniError } from '../../../cni-plugins/library.ts';
import type { DaemonContext } from '../../shared/daemon/life.ts';
import type { Counter } from '../../shared/daemon/metrics.ts';
import { type ErrorCode, SuiteError } from '../../shared/model/errors.ts';

export interface Failure {
  /** Container id, or path of a namespace. */
  readonly target: string;
  readonly name: string;
  readonly code: ErrorCode;
  readonly text: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly tries: number;
}

const shown = 3;
const maxFailures = 10_000;

export class Failures {
  readonly #context: Pick<DaemonContext, 'health' | 'log'>;
  readonly #counter: Counter;
  readonly #failures = new Map<string, Failure>();

  constructor(context: Pick<DaemonContext, 'health' | 'log' | 'metrics'>) {
    this.#context = context;
    this.#counter = context.metrics.counter('corral_attachment_failures_total', 'attempts that failed', ['code']);
    context.metrics.gauge('corral_attachments_failing', 'containers that are not as wanted', () => this.#failures.size);
    this.#tell();
  }

  get all(): Failure[] {
    return [...this.#failures.values()];
  }

  note(target: string, name: string, error: unknown): void {
    const { code, text } = faultOf(error);
    this.#counter.inc({ code });
    const before = this.#failures.get(target);
    const same = before?.code === code && before.text === text;
    if (!before && this.#failures.size >= maxFailures) return;
    const [since, tries] = [before?.since ?? Date.now(), (before?.tries ?? 0) + 1];
    this.#failures.set(target, { target, name, code, text, since, tries });
    if (same) return;
    this.#context.log.warn({ event: 'attachment.failed', target, name, code, error }, text);
    this.#tell();
  }

  clear(target: string): void {
    const before = this.#failures.get(target);
    if (!before) return;
    this.#failures.delete(target);
    const { name, tries } = before;
    this.#context.log.info({ event: 'attachment.recovered', target, name, tries }, 'no longer failing');
    this.#tell();
  }

  #tell(): void {
    const failures = this.all;
    const first = failures[0];
    const list = failures.slice(0, shown).map(({ name, code, text }) => `${name}: ${code}: ${text}`);
    const more = failures.length > shown ? [`and ${failures.length - shown} more`] : [];
    this.#context.health.set('attachments', {
      ok: !first,
      degradesOnly: true,
      text: first ? [...list, ...more].join('; ') : 'every container that asks for a network has one',
      ...(first && { code: first.code }),
    });
  }
}

/** Any error as a code of ours and one line. */
export function faultOf(error: unknown): { code: ErrorCode; text: string } {
  if (error instanceof SuiteError) {
    return { code: error.code, text: error.hint ? `${error.message} (${error.hint})` : error.message };
  }
  if (error instanceof CniError) {
    const text = error.details ? `${error.message} (${error.details})` : error.message;
    return { code: [2, 4, 6, 7].includes(error.cniCode) ? 'CONFIG_INVALID' : 'INTERNAL', text };
  }
  return { code: 'INTERNAL', text: error instanceof Error ? error.message : String(error) };
}
