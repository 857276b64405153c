// Pure: reads what it needs of TypeScript without a compiler: string literals, and the arguments of a call.

/** A string literal at `at`, its quotes taken away; `${x}` of a template becomes `<x>`. Undefined if there is none. */
export function literalAt(text: string, at: number): { readonly value: string; readonly end: number } | undefined {
  const quote = text[at];
  if (quote !== "'" && quote !== '"' && quote !== '`') return undefined;
  let value = '';
  for (let index = at + 1; index < text.length; index += 1) {
    const letter = text[index]!;
    if (letter === quote) return { value, end: index + 1 };
    if (letter === '\\') {
      index += 1;
      value += text[index];
    } else if (quote === '`' && letter === '$' && text[index + 1] === '{') {
      const end = closingOf(text, index + 1);
      value += `<${text.slice(index + 2, end - 1).trim()}>`;
      index = end - 1;
    } else value += letter;
  }
  return undefined;
}

/** The place behind the bracket that closes the one at `at`; brackets in strings do not count. */
export function closingOf(text: string, at: number): number {
  let depth = 0;
  for (let index = at; index < text.length; index += 1) {
    const literal = literalAt(text, index);
    if (literal) index = literal.end - 1;
    else if ('([{'.includes(text[index]!)) depth += 1;
    else if (')]}'.includes(text[index]!)) {
      depth -= 1;
      if (depth === 0) return index + 1;
    }
  }
  return text.length;
}

/** The arguments of the call whose bracket opens at `at`, as they are written. */
export function argumentsAt(text: string, at: number): string[] {
  const end = closingOf(text, at) - 1;
  const found: string[] = [];
  let from = at + 1;
  for (let index = from; index <= end; index += 1) {
    const literal = literalAt(text, index);
    if (literal) index = literal.end - 1;
    else if ('([{'.includes(text[index]!)) index = closingOf(text, index) - 1;
    else if (index === end || text[index] === ',') {
      const argument = text.slice(from, index).trim();
      if (argument !== '') found.push(argument);
      from = index + 1;
    }
  }
  return found;
}

/** The text of an argument: a literal, or the constant of the file that it names. */
export function textOf(argument: string, file: string): string {
  const literal = literalAt(argument, 0);
  if (literal?.end === argument.length) return literal.value;
  if (!/^\w+$/.test(argument)) return '';
  const constant = new RegExp(`\\bconst ${argument} =\\s*`).exec(file);
  return constant ? (literalAt(file, constant.index + constant[0].length)?.value ?? '') : '';
}
