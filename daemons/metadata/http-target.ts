// Pure: a request's target as version and steps (metadata reference, section 8).

export type Target =
  | { readonly kind: 'versions' }
  | { readonly kind: 'value'; readonly version: string; readonly steps: readonly string[]; readonly query: string }
  | { readonly kind: 'redirect'; readonly location: string }
  | { readonly kind: 'bad' }
  | { readonly kind: 'nothing' };

const maxSteps = 64;

/** Parses the target of a request line: origin form or absolute form. */
export function parseTarget(target: string): Target {
  const origin = target.replace(/^https?:\/\/[^/?]*/i, '');
  const mark = origin.indexOf('?');
  const escaped = (mark < 0 ? origin : origin.slice(0, mark)) || '/';
  const query = mark < 0 ? '' : origin.slice(mark + 1);
  if (!escaped.startsWith('/')) return { kind: 'nothing' };
  if (/%(?![0-9a-fA-F]{2})/.test(escaped)) return { kind: 'bad' };
  const path = decode(escaped);
  const clean = cleanPath(path);
  if (clean !== path) return { kind: 'redirect', location: encodePath(clean) + (mark < 0 ? '' : `?${query}`) };
  if (path === '/') return { kind: 'versions' };
  if (path === '/favicon.ico' || path.includes('\n')) return { kind: 'nothing' };
  // The version comes from the decoded path, the steps from the escaped one: an escaped slash is part of a key.
  const version = path.slice(1).split('/')[0]!;
  const steps = escaped.replace(/\/+$/, '').split('/').slice(2);
  if (steps.length > maxSteps) return { kind: 'value', version, steps: ['\0'], query };
  return { kind: 'value', version, steps: steps.map((step) => decode(step.replaceAll('+', ' '))), query };
}

/** The first value of a parameter; undefined if it is absent. */
export function queryValue(query: string, name: string): string | undefined {
  for (const part of query.split('&')) {
    const [key = '', ...rest] = part.split('=');
    if (decode(key.replaceAll('+', ' ')) === name) return decode(rest.join('=').replaceAll('+', ' '));
  }
  return undefined;
}

/** Percent-decoding of bytes; what is no UTF-8 becomes the replacement character, a broken escape stays as it is. */
function decode(text: string): string {
  if (!text.includes('%')) return text;
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const hex = text[at] === '%' ? /^[0-9a-fA-F]{2}/.exec(text.slice(at + 1, at + 3)) : null;
    if (hex) {
      bytes.push(Number.parseInt(hex[0], 16));
      at += 2;
    } else bytes.push(...Buffer.from(text[at]!, 'latin1'));
  }
  return Buffer.from(bytes).toString('utf8');
}

/** Without empty, `.` and `..` parts; one slash at the end stays. */
function cleanPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  const clean = `/${parts.join('/')}`;
  return path.endsWith('/') && clean !== '/' ? `${clean}/` : clean;
}

function encodePath(path: string): string {
  return path
    .split('/')
    .map((part) =>
      encodeURIComponent(part.toWellFormed()).replace(/%(24|26|2B|2C|3A|3B|3D|40)/g, (found) => decode(found)),
    )
    .join('/');
}
