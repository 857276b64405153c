// Pure: a file's answers laid over those of this host, or put in their place.
import { type Answers, answersOf, noAnswers } from './answers.ts';
import { large, type TreeMap, type TreeValue } from './tree-values.ts';

/** `over`: what the file says wins, key by key; `instead`: the file is all there is. */
export type AnswersUse = 'over' | 'instead';

export class AnswerLayer {
  #answers: Answers = noAnswers;
  #use: AnswersUse = 'over';
  #stamp = '';

  /** `stamp` tells one content from another; it is mixed into /version. */
  set(answers: Answers, use: AnswersUse, stamp: string): void {
    this.#answers = answers;
    this.#use = use;
    this.#stamp = stamp;
  }

  /** True if nothing of this host is shown. */
  get isAlone(): boolean {
    return this.#use === 'instead';
  }

  get isEmpty(): boolean {
    return this.#answers.versions.size === 0;
  }

  /** Versions that the file adds to those of this host. */
  get versions(): Iterable<string> {
    return this.#answers.versions.keys();
  }

  knows(version: string): boolean {
    return answersOf(this.#answers, version) !== undefined;
  }

  /** True if the file has answers of its own for this client. */
  hasClient(address: string): boolean {
    for (const version of this.#answers.versions.values()) if (version.client(address)) return true;
    return false;
  }

  /**
   * The tree of a client: `base` is what this host shows it, if it knows the version; `isKnown`: this host has a `self` for it,
   * which the file's `self` for everybody does not hide.
   */
  over(base: TreeMap | undefined, version: string, address: string | undefined, isKnown: boolean): TreeMap | undefined {
    const given = answersOf(this.#answers, version);
    if (!given) return this.isAlone ? undefined : base;
    const own = address === undefined ? undefined : given.client(address);
    const tree = own ?? given.everybody;
    if (!base || this.isAlone) return { [large]: true, ...tree };
    const { self, ...others } = tree;
    const stamp = this.#stamp;
    const laid: TreeMap = {
      ...others,
      ...(self === undefined || (isKnown && !own) ? {} : { self }),
      get version(): TreeValue {
        return mixed(String(base.version), stamp);
      },
    };
    // By descriptors: what is made on demand stays unmade.
    return Object.defineProperties(
      {},
      { ...Object.getOwnPropertyDescriptors(base), ...Object.getOwnPropertyDescriptors(laid) },
    );
  }
}

/** One uuid made of two: it changes when either does. */
function mixed(a: string, b: string): string {
  const other = b.replaceAll('-', '');
  let at = 0;
  return a.replace(/[0-9a-f]/g, (digit) => {
    const own = Number.parseInt(digit, 16);
    const more = Number.parseInt(other[at++] ?? '0', 16);
    return at === 13 || at === 17 ? digit : (own ^ more).toString(16);
  });
}
