// Pure: JSON objects that stand one behind the other, with or without space between them, cut apart.

const [quote, backslash, open, close, openList, closeList] = [...'"\\{}[]'].map((one) => one.charCodeAt(0));

/** The texts of the objects. Throws SyntaxError for what stands between them and for an object without its end. */
export function* cutObjects(text: string): Generator<string> {
  for (let at = skipSpace(text, 0); at < text.length; ) {
    if (text.charCodeAt(at) !== open) throw new SyntaxError('something that is no object');
    const end = endOf(text, at);
    yield text.slice(at, end);
    at = skipSpace(text, end);
  }
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && /\s/.test(text[at]!)) at += 1;
  return at;
}

function endOf(text: string, from: number): number {
  let depth = 0;
  let inText = false;
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (inText) {
      if (code === backslash) at += 1;
      else if (code === quote) inText = false;
    } else if (code === quote) inText = true;
    else if (code === open || code === openList) depth += 1;
    else if (code === close || code === closeList) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  throw new SyntaxError('an object without its end');
}
