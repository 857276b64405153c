// Keeps the answers of a file in use: read at the start, when asked to, and when a look at it every second shows a change. A
// broken edit, and a file that is gone while an editor writes it, leave the last good answers as they are, and say so.
import { hash } from 'node:crypto';
import { statSync } from 'node:fs';
import type { Config } from '../shared/daemon/config.ts';
import type { Health } from '../shared/daemon/health.ts';
import type { Logger } from '../shared/daemon/log.ts';
import { readText } from '../shared/effects/files.ts';
import { renderError, SuiteError } from '../shared/model/errors.ts';
import type { AnswerLayer } from './answer-layer.ts';
import { type Answers, noAnswers } from './answers.ts';
import { inTurns } from './in-turns.ts';
import { answersInSteps, unpackedAnswers } from './parse-answers.ts';

export interface KeepAnswersOptions {
  readonly health: Pick<Health, 'set'>;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly layer: AnswerLayer;
  /** The layer has changed. */
  readonly onChange: () => void;
  readonly everyMs?: number;
}

type AnswersConfig = Config['metadata']['answers'];

const usualEveryMs = 1_000;
/** YAML is read at about 2 MB/s, and the service waits meanwhile. */
const [maxBytes, maxYamlBytes] = [64 * 1024 * 1024, 1024 * 1024];
const maxShown = 5;

export class AnswersKeeper {
  readonly #options: KeepAnswersOptions;
  #config: AnswersConfig = { path: 'none', form: 'auto', use: 'over' };
  #timer: NodeJS.Timeout | undefined;
  /** Counts up with each reading; one that takes many turns is nothing any more once another has begun. */
  #readings = 0;
  #stamp = '';
  #digest = '';
  #fault: string | undefined;
  #served = 'no answers file';

  constructor(options: KeepAnswersOptions) {
    this.#options = options;
  }

  /** Uses the file that the configuration names, reading it now; resolves whatever comes of it. */
  async use(config: AnswersConfig): Promise<void> {
    clearInterval(this.#timer);
    const isOther = JSON.stringify(config) !== JSON.stringify(this.#config);
    this.#config = config;
    this.#readings += 1;
    if (isOther) this.#digest = '';
    if (config.path === 'none') {
      if (isOther) this.#take(noAnswers, '');
      return;
    }
    this.#timer = setInterval(() => void this.#look(), this.#options.everyMs ?? usualEveryMs).unref();
    await this.reload().catch(() => {}); // told already
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Reads the file again. @throws SuiteError what is wrong with it; the last good answers stay. */
  async reload(): Promise<void> {
    const config = this.#config;
    if (config.path === 'none') return;
    this.#readings += 1;
    const reading = this.#readings;
    try {
      this.#stamp = stampOf(config.path);
      if (this.#stamp === absentStamp) return this.#miss();
      const text = readText(config.path, maxBytes);
      const digest = hash('sha256', text, 'hex');
      if (digest === this.#digest) return this.#sayGood();
      const stream = await unpackedAnswers(text, config.path);
      const options = { ...config, version: uuidOf(digest), parseYaml: await yamlParser() };
      const answers = await inTurns(
        answersInSteps(stream, stream === text ? options : { ...options, form: 'objects' }),
      );
      if (reading === this.#readings) this.#take(answers, digest);
    } catch (error) {
      if (reading === this.#readings) this.#sayFault(error);
      throw error;
    }
  }

  /** Not there from the start is no fault; gone afterwards is one. */
  #miss(): void {
    if (this.#digest !== '') throw new SuiteError('FILE_UNREADABLE', `read ${this.#config.path}: it is gone`);
    this.#take(noAnswers, '');
  }

  async #look(): Promise<void> {
    if (stampOf(this.#config.path) !== this.#stamp) await this.reload().catch(() => {});
  }

  #take(answers: Answers, digest: string): void {
    const { log, layer, onChange } = this.#options;
    const { path, use } = this.#config;
    const { leftOut, versions } = answers;
    this.#digest = digest;
    layer.set(answers, path === 'none' ? 'over' : use, uuidOf(digest));
    const served = path === 'none' ? 'no answers file' : digest === '' ? `${path} is not there` : `serving ${path}`;
    this.#served = leftOut.length > 0 ? `${served}; parts left out: ${leftOut.length}` : served;
    this.#sayGood();
    log.info({ event: 'answers.read', path, versions: [...versions.keys()].slice(0, maxShown) }, 'answers read');
    if (leftOut.length > 0)
      log.warn({ event: 'answers.left-out', count: leftOut.length, first: leftOut.slice(0, maxShown) }, 'left out');
    onChange();
  }

  #sayGood(): void {
    this.#fault = undefined;
    this.#options.health.set('answers', { ok: true, degradesOnly: true, text: this.#served });
  }

  /** A fault is told once, however often it is met. */
  #sayFault(error: unknown): void {
    const { health, log } = this.#options;
    const code = error instanceof SuiteError ? error.code : 'INTERNAL';
    const text = `${renderError(error)}; the last good answers are served`;
    health.set('answers', { ok: false, degradesOnly: true, code, text });
    if (text === this.#fault) return;
    this.#fault = text;
    log.warn({ event: 'answers.refused', path: this.#config.path, error }, 'refused, the last good answers stay');
  }
}

/** Only who has such a file pays for the parser. */
async function yamlParser(): Promise<(text: string, what: string) => unknown> {
  const { parseYaml11 } = await import('../shared/effects/yaml.ts');
  return (text, what) => {
    if (text.length <= maxYamlBytes) return parseYaml11(text, what);
    throw new SuiteError('FILE_TOO_LARGE', `read ${what}: YAML of more than ${maxYamlBytes} bytes`, {
      hint: 'as JSON it may be larger',
    });
  };
}

const absentStamp = 'absent';

function stampOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false, bigint: true });
  return stat ? [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join() : absentStamp;
}

/** In the form of a uuid, of version 8, whose bits are the maker's own (RFC 9562, section 5.8). */
function uuidOf(digest: string): string {
  const hex = digest.padEnd(32, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
