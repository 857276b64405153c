// Pure: a container's resolv.conf as Corral wants it, from what it is (resolv.conf(5); the rules are Rancher's). Words are
// compared whole, so a second run changes nothing and a file may be rewritten any number of times.
import type { SearchWish } from './search-domains.ts';

export interface ResolverWish {
  readonly nameserver: string;
  /** A nameserver of ours that goes without a trace. */
  readonly former?: string | undefined;
  readonly search: SearchWish;
}

/**
 * Other nameservers become comments, ours is added once at the end; the domains join each `search` line, or a new one at the
 * end. Everything else stays byte for byte.
 */
export function renderResolvConf(have: string, want: ResolverWish): string {
  const lines = have.split('\n');
  const isWhole = lines.at(-1) === '';
  if (isWhole) lines.pop();
  const kept = lines.filter((line) => want.former === undefined || !isOurs(line, want.former));
  const made = kept.map((line) => renderLine(line, want));
  if (!lines.some((line) => keywordOf(line) === 'search')) made.push(newSearch(lines, want.search));
  if (!lines.some((line) => isOurs(line, want.nameserver))) made.push(`nameserver ${want.nameserver}`);
  const unchanged = made.length === lines.length && made.every((line, at) => line === lines[at]);
  return unchanged ? have : `${made.join('\n')}\n`;
}

function renderLine(line: string, want: ResolverWish): string {
  switch (keywordOf(line)) {
    case 'nameserver':
      return isOurs(line, want.nameserver) ? line : `# ${line}`;
    case 'search':
      return withDomains(line, want.search);
    default:
      return line;
  }
}

/** The domains that the line lacks, after the keyword or, with priority `service_last`, at its end. */
function withDomains(line: string, search: SearchWish): string {
  const there = new Set(wordsOf(line).map((word) => word.toLowerCase()));
  const missing = search.domains.filter((domain) => !there.has(domain.toLowerCase()));
  if (missing.length === 0) return line;
  if (search.last) {
    const [, body = '', end = ''] = /^(.*?)(\s*)$/.exec(line) ?? [];
    return `${body} ${missing.join(' ')}${end.endsWith('\r') ? '\r' : ''}`;
  }
  return `search ${missing.join(' ')}${line.slice('search'.length)}`;
}

/** A `search` line replaces what `domain` said before (the last one of both counts), so its domain joins ours. */
function newSearch(lines: readonly string[], search: SearchWish): string {
  const domains = lines.filter((line) => keywordOf(line) === 'domain').map((line) => wordsOf(line)[1] ?? '');
  const local = domains.filter((domain) => domain !== '' && !search.domains.includes(domain)).slice(-1);
  const all = search.last ? [...local, ...search.domains] : [...search.domains, ...local];
  return `search ${all.join(' ')}`;
}

function isOurs(line: string, nameserver: string): boolean {
  return keywordOf(line) === 'nameserver' && wordsOf(line)[1] === nameserver;
}

/** The C libraries know a keyword only at the very beginning of a line. */
function keywordOf(line: string): string {
  return /^[^ \t\r]+/.exec(line)?.[0] ?? '';
}

function wordsOf(line: string): string[] {
  return line.split(/[ \t\r]+/).filter((word) => word !== '');
}
