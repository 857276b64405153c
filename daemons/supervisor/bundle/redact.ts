// Pure: takes secrets out of what is given away. Three nets, one behind the other: values under names that mean a secret, texts that
// look like keys, and the very words that this host is known to keep secret. What is taken out too often costs a question; what is
// left in costs a key.

export const removed = '[removed]';

/** Names of settings, labels, variables and options whose value nobody else may see. */
const secretName =
  /pass(word|wd|phrase)?|secret|token|psk|private|credential|auth(?!or)|api[._-]?key|access[._-]?key|cookie/i;
/** `key` alone or as the last word: `tls.key`, `signing_key`, `signingKey`; not `monkey`. */
const keyName = /(^|[._-])key$|Key$|KEY$/;

export function isSecretName(name: string): boolean {
  return secretName.test(name) || keyName.test(name);
}

const name =
  '[\\w./-]*(?:pass(?:word|wd|phrase)?|secret|token|psk|private|credential|api[._-]?key|access[._-]?key)[\\w./-]*';
const value = `(?:"(?:[^"\\\\]|\\\\.)*"|'[^']*'|[^\\s,;"'}\\]]+)`;

/** What gives a secret away by its looks, and what stays of it. */
const looks: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, removed],
  // `password=x`, `token: x`, `"psk":"x"`, `--secret x`
  [new RegExp(`(["']?${name}["']?\\s*[=:]\\s*)${value}`, 'gi'), `$1${removed}`],
  [new RegExp(`(--${name}\\s+)${value}`, 'gi'), `$1${removed}`],
  [/\b(authorization|proxy-authorization|cookie|set-cookie)(["']?\s*[:=]\s*).+/gi, `$1$2${removed}`],
  [/\b(bearer|basic)\s+[\w.~+/=-]{6,}/gi, `$1 ${removed}`],
  // user:password@ of an address
  [/(:\/\/)[^\s/@:]*:[^\s/@]+@/g, `$1${removed}@`],
  // keys of WireGuard (32 bytes in base64) and of ESP (hexadecimal)
  [/(?<![\w+/])[A-Za-z0-9+/]{43}=(?![\w+/=])/g, removed],
  [/\b0x[0-9a-fA-F]{32,}\b/g, removed],
];

/** A text of any kind: a log, rules, the output of a program. @param known words that are secret on this host */
export function redactText(text: string, known: readonly string[] = []): string {
  let result = text;
  for (const word of known) result = result.replaceAll(word, removed);
  for (const [pattern, rest] of looks) result = result.replace(pattern, rest);
  return result;
}

/** Data: below a secret name nothing is left; `NAME=value` in a list, as environments are written, counts as name and value. */
export function redactValue(given: unknown, known: readonly string[] = []): unknown {
  if (typeof given === 'string') return redactText(given, known);
  if (Array.isArray(given)) return given.map((one) => redactValue(one, known));
  if (typeof given !== 'object' || given === null) return given;
  return Object.fromEntries(
    Object.entries(given).map(([key, inner]) => {
      const isEmpty = inner === null || typeof inner === 'boolean' || inner === '' || inner === 'none';
      return [redactText(key, known), isSecretName(key) && !isEmpty ? removed : redactValue(inner, known)];
    }),
  );
}

/** Lines that are JSON objects as data, the others as text. */
export function redactLines(text: string, known: readonly string[] = []): string {
  return text
    .split('\n')
    .map((line) => {
      if (!line.startsWith('{')) return redactText(line, known);
      try {
        return JSON.stringify(redactValue(JSON.parse(line), known));
      } catch {
        return redactText(line, known);
      }
    })
    .join('\n');
}

/** Shorter ones, and short plain words, would be found everywhere. */
const isTelling = (word: string): boolean => word.length >= (/^[a-z]*$/.test(word) ? 10 : 6);
const mostWords = 1_000;

/** What is as long as a key and looks like one, under whatever name. */
const isKey = (text: string): boolean => /^[A-Za-z0-9+/]{40,}={0,2}$/.test(text);

/** Undefined: no object. */
function parsed(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined; // a key or a password as it is
  }
}

/**
 * The values under secret names in data and in files of JSON, and the lines of other secret files: to be removed wherever they
 * stand.
 */
export function secretWords(data: unknown, files: readonly string[]): string[] {
  const found = new Set<string>();
  const visit = (inner: unknown, isSecret: boolean): void => {
    if (typeof inner === 'string' && (isSecret || isKey(inner)) && !inner.startsWith('/'))
      found.add(inner.trim()); // a path names a file
    else if (typeof inner === 'object' && inner !== null)
      for (const [key, one] of Object.entries(inner)) visit(one, isSecret || isSecretName(key));
  };
  visit(data, false);
  for (const text of files) {
    const inner = parsed(text);
    if (inner === undefined) for (const line of text.split('\n')) found.add(line.trim());
    else visit(inner, false);
  }
  const words = [...found].filter((word) => isTelling(word) && !word.startsWith('-----'));
  // The longest first: one may hold another.
  return words.sort((a, b) => b.length - a.length).slice(0, mostWords);
}
