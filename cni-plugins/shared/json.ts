// Pure: checked access to JSON that a stranger wrote.

export type JsonObject = { readonly [key: string]: unknown };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A configuration is refused above this, before anything reads it: parsing 20 MB takes more than a second. */
export const maxConfigBytes = 1 << 20;

/** The JSON object in a text; undefined if it is none, or larger than a configuration may be. */
export function parseObject(text: string): JsonObject | undefined {
  if (text.length > maxConfigBytes) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A text of at most `max` characters without control characters; undefined for anything else. */
export function textOf(value: unknown, max = 1024): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  return typeof value === 'string' && value.length <= max && !/[\u0000-\u001f\u007f]/.test(value) ? value : undefined;
}

/** A map of short texts, `undefined` when it is none. */
export function textMapOf(value: unknown, maxEntries = 1024): Record<string, string> | undefined {
  if (!isObject(value)) return undefined;
  const entries = Object.entries(value);
  if (entries.length > maxEntries || !entries.every(([, text]) => typeof text === 'string' && text.length <= 65536)) {
    return undefined;
  }
  return Object.fromEntries(entries) as Record<string, string>;
}

export function textsOf(value: unknown, maxEntries = 1024): string[] | undefined {
  if (!Array.isArray(value) || value.length > maxEntries) return undefined;
  return value.every((item) => textOf(item) !== undefined) ? (value as string[]) : undefined;
}

/** A whole number between 0 and `max`. */
export function countOf(value: unknown, max = Number.MAX_SAFE_INTEGER): number | undefined {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max ? (value as number) : undefined;
}
