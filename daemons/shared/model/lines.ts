// Pure: cuts a byte stream into lines, with a bound on a line's length.
import { StringDecoder } from 'node:string_decoder';
import { SuiteError } from './errors.ts';
import { maxLineBytes } from './wire.ts';

/** Feed it chunks; it returns the whole lines that they complete. Throws PROTOCOL on an endless line. */
export class LineCutter {
  #rest = '';
  readonly #decoder = new StringDecoder('utf8');
  readonly #max: number;

  constructor(max = maxLineBytes) {
    this.#max = max;
  }

  push(chunk: Uint8Array): string[] {
    const lines = (
      this.#rest + this.#decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
    ).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > this.#max) {
      throw new SuiteError('PROTOCOL', `read a line of more than ${this.#max} characters`);
    }
    return lines.filter((line) => line !== '');
  }
}
