// Pure: one copy of each of the texts that many records have: ids of hosts, values of labels.
import type { ShareText } from '../shared/model/parse-record.ts';

/** Known at one time; then it begins anew, since those seen lately are the likeliest. */
const most = 16_384;
/** Longer ones are hardly anybody else's. */
const maxLength = 256;

export class SharedTexts {
  readonly #known = new Map<string, string>();

  readonly share: ShareText = (text) => {
    if (text.length > maxLength) return text;
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    if (this.#known.size >= most) this.#known.clear();
    this.#known.set(text, text);
    return text;
  };
}
