// Keeps the answers file up: read at the start, on SIGHUP, and looked at every two seconds. A broken edit, or a file that is
// gone or empty for a moment while an editor writes it, leaves the last good answers as they are, and says so.
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import type { Health } from '../shared/daemon/health.ts';
import type { Logger } from '../shared/daemon/log.ts';
import { readText } from '../shared/effects/files.ts';
import { hasCode, renderError, SuiteError } from '../shared/model/errors.ts';
import { type Answers, countNames, noAnswers } from './answers.ts';
import { parseAnswers } from './parse-answers.ts';

export interface AnswersKeeperOptions {
  readonly health: Pick<Health, 'set'>;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly onAnswers: (answers: Answers) => void;
}

const everyMs = 2_000;
const maxBytes = 8 * 1024 * 1024;

export class AnswersKeeper {
  readonly #options: AnswersKeeperOptions;
  #path: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** What stat said when the file was last read. */
  #stamp: string | undefined;
  #digest: string | undefined;
  #fault: string | undefined;
  #known = 0;

  constructor(options: AnswersKeeperOptions) {
    this.#options = options;
  }

  /** Uses this file from now on (undefined: none), and reads it even if it looks the same. */
  async use(path: string | undefined): Promise<void> {
    clearInterval(this.#timer);
    if (path !== this.#path) this.#digest = undefined;
    const had = this.#path !== undefined;
    this.#path = path;
    this.#stamp = undefined;
    if (path === undefined) {
      if (had) this.#take(noAnswers, 'no answers file', []);
      return;
    }
    this.#timer = setInterval(() => void this.#look(), everyMs).unref();
    await this.#look();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const path = this.#path;
    if (path === undefined) return;
    try {
      const stamp = stampOf(path);
      if (stamp === this.#stamp) return;
      this.#stamp = stamp;
      const text = readText(path, maxBytes);
      if (text.trim() === '') throw new SuiteError('CONFIG_INVALID', `read ${path}: it is empty`, { hint: emptyHint });
      const digest = createHash('sha256').update(text).digest('base64');
      if (digest === this.#digest && this.#fault === undefined) return;
      // Only who has such a file pays for the parser.
      const { parseYaml } = await import('../shared/effects/yaml.ts');
      const { answers, leftOut } = parseAnswers(parseYaml(text, path));
      if (path !== this.#path) return;
      this.#digest = digest;
      this.#take(answers, `${countNames(answers)} names from ${path}`, leftOut);
    } catch (error) {
      this.#refuse(path, error);
    }
  }

  #take(answers: Answers, what: string, leftOut: readonly string[]): void {
    const { health, log, onAnswers } = this.#options;
    this.#fault = undefined;
    this.#known = countNames(answers);
    const text = leftOut.length === 0 ? what : `${what}; left out: ${leftOut.length}, the first: ${leftOut[0]}`;
    health.set('answers', { ok: true, degradesOnly: true, text });
    log.info({ event: 'dns.answers.read', names: this.#known }, what);
    if (leftOut.length > 0)
      log.warn({ event: 'dns.answers.left-out', leftOut }, 'parts of the answers are not published');
    onAnswers(answers);
  }

  /** Told once for each reason, not at each look. */
  #refuse(path: string, error: unknown): void {
    const { health, log } = this.#options;
    const text = `${renderError(error)}; the last good answers are served: ${this.#known} names`;
    const code = error instanceof SuiteError ? error.code : 'INTERNAL';
    // What is gone or unreadable has nothing to compare with: it is looked at again.
    if (hasCode(error, 'FILE_UNREADABLE')) this.#stamp = undefined;
    health.set('answers', { ok: false, degradesOnly: true, text, code });
    if (text === this.#fault) return;
    this.#fault = text;
    log.warn({ event: 'dns.answers.refused', path, error }, 'answers file refused; the last good one stays');
  }
}

const emptyHint = 'write {} into it if no answers are meant';

function stampOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false, bigint: true });
  return stat ? [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join() : 'absent';
}
