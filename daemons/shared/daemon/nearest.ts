// What somebody probably meant: the known word that is nearest to a mistyped one.
import { distance } from 'fastest-levenshtein';

/** Undefined when every known word differs in more than half of its letters: a far-fetched proposal only misleads. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let best: { name: string; far: number } | undefined;
  for (const name of known) {
    const far = distance(word.toLowerCase(), name.toLowerCase());
    if (far <= Math.max(name.length, word.length) / 2 && (!best || far < best.far)) best = { name, far };
  }
  return best?.name;
}
