// Pure: what the machine sends: the output of its jobs between marks, in pieces of any size.

export type Heard =
  | { readonly kind: 'begin'; readonly job: number }
  | { readonly kind: 'text'; readonly job: number; readonly text: string }
  | { readonly kind: 'end'; readonly job: number; readonly code: number }
  | { readonly kind: 'done' };

/** A line longer than this is passed on in parts. */
const lineLimit = 1 << 20;

/** Text comes out in whole lines. The newline that stands before each mark, so that it begins a line, is not passed on. */
export class MarkReader {
  readonly #mark: string;
  #rest = '';
  #job: number | undefined;
  /** An empty line is held back until it is known that no mark follows. */
  #heldLine = '';

  /** @param mark a word that no job prints by chance */
  constructor(mark: string) {
    this.#mark = mark;
  }

  read(piece: string): Heard[] {
    const lines = (this.#rest + piece).split(/(?<=\n)/);
    const last = lines.at(-1) ?? '';
    const isPart = !last.endsWith('\n') && last.length < lineLimit;
    this.#rest = isPart ? (lines.pop() ?? '') : '';
    return lines.flatMap((line) => this.#hear(line));
  }

  #hear(line: string): Heard[] {
    if (line.startsWith(`${this.#mark} `)) {
      this.#heldLine = '';
      return this.#hearMark(line.slice(this.#mark.length + 1).trim());
    }
    if (this.#job === undefined) return [];
    const text = this.#heldLine + line;
    this.#heldLine = '';
    if (line === '\n') {
      this.#heldLine = line;
      const before = text.slice(0, -1);
      return before === '' ? [] : [{ kind: 'text', job: this.#job, text: before }];
    }
    return [{ kind: 'text', job: this.#job, text }];
  }

  #hearMark(words: string): Heard[] {
    const [kind, number, code] = words.split(' ');
    if (kind === 'done') return [{ kind }];
    const job = Number(number);
    this.#job = kind === 'begin' ? job : undefined;
    return kind === 'begin' ? [{ kind, job }] : [{ kind: 'end', job, code: Number(code) }];
  }
}
