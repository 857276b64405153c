// What is added to a log, over rotation: the file may be emptied after a copy to `<path>.1`, or renamed to it.
import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { LineCutter } from '../../shared/model/lines.ts';

const blockBytes = 64 * 1024;
const maxLineBytes = 1024 * 1024;

export class LogFollower {
  readonly #path: string;
  #inode: number | undefined;
  #offset: number;
  #cutter = new LineCutter(maxLineBytes);

  /** Goes on from the end that the log has now. */
  constructor(path: string) {
    this.#path = path;
    const now = statSync(path, { throwIfNoEntry: false });
    this.#inode = now?.ino;
    this.#offset = now?.size ?? 0;
  }

  get offset(): number {
    return this.#offset;
  }

  /** Whole lines that came since the last look. */
  poll(): string[] {
    const now = statSync(this.#path, { throwIfNoEntry: false });
    if (!now) return [];
    if (existsSync(`${this.#path}.1.new`)) return []; // a rotation is half done: its copy is not in place yet
    const isOther = this.#inode !== undefined && now.ino !== this.#inode;
    const lines: string[] = [];
    if (isOther || now.size < this.#offset) {
      lines.push(...this.#read(`${this.#path}.1`));
      this.#cutter = new LineCutter(maxLineBytes);
      this.#offset = 0;
    }
    this.#inode = now.ino;
    return [...lines, ...this.#read(this.#path)];
  }

  /** From the offset to the end of the file, a bounded part of it at a time. */
  #read(path: string): string[] {
    let fd: number | undefined;
    try {
      fd = openSync(path, 'r');
      const buffer = Buffer.alloc(blockBytes);
      const lines: string[] = [];
      for (let read = -1; read !== 0; this.#offset += read) {
        read = readSync(fd, buffer, 0, buffer.length, this.#offset);
        lines.push(...this.#cut(buffer.subarray(0, read)));
      }
      return lines;
    } catch {
      return []; // gone between two rotations; the next look finds the new one
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  }

  #cut(bytes: Buffer): string[] {
    try {
      return this.#cutter.push(bytes);
    } catch {
      this.#cutter = new LineCutter(maxLineBytes); // an endless line is passed over
      return [];
    }
  }
}
