// Pure: text of unknown origin (names of containers, words of other hosts) as a terminal may see it.

/** Control characters, which could move the cursor or hide text, become `\x1b` and the like; a tab is a space. */
export function printable(text: string): string {
  return text.replaceAll('\t', ' ').replaceAll(/\p{Cc}/gu, (letter) => {
    return `\\x${letter.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}
