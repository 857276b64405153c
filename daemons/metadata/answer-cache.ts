// Answers to what was asked, each kept until something that it was made of changes, so that asking again costs one look-up.
// A long one is rendered in slices from a pinned catalog, once for all who ask meanwhile. Bounded in bytes and in number.
import { type Answer, type Draft, finishAnswer, type Trees } from './answer.ts';
import type { Catalog, View } from './catalog.ts';
import { Dependents, Reads } from './dependents.ts';

const maxAnswers = 4_096;
const maxBytes = 32 * 1024 * 1024;
/** Keys hold what clients sent. */
const maxKeyLength = 1_024;
/** Rendered in one turn of the loop, ms; a turn that answers a request, and one of many. */
const [firstSliceMs, sliceMs] = [3, 4];
/** The clock is looked at after so many pieces. */
const piecesPerLook = 16;
const partLength = 256 * 1024;

export interface AnswerCacheOptions {
  readonly catalog: Catalog;
  readonly trees: Trees;
  readonly firstSliceMs?: number;
}

interface Job {
  readonly key: string;
  readonly reads: Reads;
  readonly draft: Draft;
  readonly parts: Buffer[];
  text: string;
  view: View | undefined;
  readonly waiting: ((answer: Answer) => void)[];
}

export class AnswerCache {
  readonly #options: AnswerCacheOptions;
  readonly #answers = new Map<string, Answer>();
  readonly #dependents = new Dependents<string>();
  /** Those that somebody who asks now may join; what they are made of has not changed since. */
  readonly #current = new Map<string, Job>();
  readonly #queue: Job[] = [];
  #bytes = 0;

  constructor(options: AnswerCacheOptions) {
    this.#options = options;
  }

  /** Answers that are kept. */
  get size(): number {
    return this.#answers.size;
  }

  /** Nothing is kept, and nothing is being made. */
  get isEmpty(): boolean {
    return this.#answers.size === 0 && this.#queue.length === 0;
  }

  get(key: string): Answer | undefined {
    return this.#answers.get(key);
  }

  /** Renders what `begin` drafts and tells it to `done`: at once if it is short, some turns later if it is long. */
  make(key: string, begin: () => Draft, done: (answer: Answer) => void): void {
    const running = this.#current.get(key);
    if (running) {
      running.waiting.push(done);
      return;
    }
    const reads = new Reads();
    const draft = this.#options.trees.noting(reads, begin);
    const job: Job = { key, reads, draft, parts: [], text: '', view: undefined, waiting: [done] };
    if (this.#advance(job, this.#options.firstSliceMs ?? firstSliceMs)) this.#finish(job, true);
    else {
      job.view = this.#options.catalog.pin();
      this.#current.set(key, job);
      this.#queue.push(job);
      if (this.#queue.length === 1) setImmediate(() => this.#turn());
    }
  }

  /** Something that these are the names of has changed: what was made of it is made again when asked for. */
  touched(names: ReadonlySet<string>): void {
    for (const key of this.#dependents.touched(names)) this.#forget(key);
    for (const [key, { reads }] of this.#current) {
      for (const name of reads.names) {
        if (!names.has(name)) continue;
        this.#current.delete(key);
        break;
      }
    }
  }

  #turn(): void {
    const job = this.#queue.shift();
    if (!job) return;
    if (this.#advance(job, sliceMs)) {
      const isCurrent = this.#current.get(job.key) === job;
      if (isCurrent) this.#current.delete(job.key);
      this.#finish(job, isCurrent);
    } else this.#queue.push(job);
    if (this.#queue.length > 0) setImmediate(() => this.#turn());
  }

  /** True when the whole is rendered. */
  #advance(job: Job, ms: number): boolean {
    const end = performance.now() + ms;
    const { pieces } = job.draft;
    return this.#options.trees.noting(
      job.reads,
      () => {
        for (let count = 1; ; count += 1) {
          const next = pieces.next();
          if (!next.done) job.text += next.value;
          if (next.done || job.text.length >= partLength) {
            job.parts.push(Buffer.from(job.text));
            job.text = '';
          }
          if (next.done) return true;
          if (count % piecesPerLook === 0 && performance.now() >= end) return false;
        }
      },
      job.view,
    );
  }

  #finish(job: Job, keep: boolean): void {
    const answer = finishAnswer(job.draft, job.parts);
    if (keep) this.#keep(job, answer);
    for (const done of job.waiting) done(answer);
  }

  #keep({ key, reads }: Job, answer: Answer): void {
    const size = answer.length + 2 * key.length;
    if (key.length > maxKeyLength || size > maxBytes) return;
    if (this.#answers.size >= maxAnswers || this.#bytes + size > maxBytes) this.#clear();
    this.#answers.set(key, answer);
    this.#dependents.set(key, reads.names);
    this.#bytes += size;
  }

  #forget(key: string): void {
    const answer = this.#answers.get(key);
    if (answer) this.#bytes -= answer.length + 2 * key.length;
    this.#answers.delete(key);
    this.#dependents.delete(key);
  }

  #clear(): void {
    this.#answers.clear();
    this.#dependents.clear();
    this.#bytes = 0;
  }
}
