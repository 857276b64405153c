// Pure: tells whether the kernel's notices of a short while are the echo of our own writes and of nothing else. They are
// counted by what they are about: who has written as well makes one too many.
import type { Change } from '../shared/effects/netlink-watch.ts';

/** What a notice is about. */
export type Notice = Pick<Change, 'kind' | 'index'>;

export class Echo {
  /** Notices still to come, by what they are about; below zero: more came than we caused. */
  readonly #open = new Map<string, number>();
  #isUnknown = false;

  /** @param notices one for each write; undefined: it is not known what the kernel will tell of them */
  wrote(notices: readonly Notice[] | undefined): void {
    if (!notices) this.#isUnknown = true;
    else for (const notice of notices) this.#count(notice, 1);
  }

  heard(notices: readonly Notice[]): void {
    for (const notice of notices) this.#count(notice, -1);
  }

  /** True if each write has its notice and each notice its write; from then on a new count begins. */
  takeIsOwn(): boolean {
    const isOwn = !this.#isUnknown && this.#open.size === 0;
    this.#open.clear();
    this.#isUnknown = false;
    return isOwn;
  }

  #count({ kind, index }: Notice, by: 1 | -1): void {
    const key = `${kind} ${index}`;
    const open = (this.#open.get(key) ?? 0) + by;
    if (open === 0) this.#open.delete(key);
    else this.#open.set(key, open);
  }
}
