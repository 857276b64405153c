// Pure: replies counted by type, code and path until somebody asks: to look a counter up by its labels each time costs more than
// to make the reply.
import type { Path } from './resolver.ts';

const paths: readonly Path[] = ['local', 'search', 'cache', 'forward', 'stale', 'refused'];
/** Types come from clients; more combinations than this are handed over early. */
const maxKinds = 256;

export class ReplyCounts {
  readonly #counts = new Map<number, number>();

  /** False: it is time to drain. */
  add(type: number, rcode: number, path: Path): boolean {
    const key = (type * 0x1000 + (rcode & 0xfff)) * 8 + paths.indexOf(path);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    return this.#counts.size < maxKinds;
  }

  /** Hands over what was counted since the last time. */
  drain(take: (type: number, rcode: number, path: Path, count: number) => void): void {
    for (const [key, count] of this.#counts) {
      const kind = Math.floor(key / 8);
      take(Math.floor(kind / 0x1000), kind % 0x1000, paths[key % 8] as Path, count);
    }
    this.#counts.clear();
  }
}
