// Pure: which format a request gets (metadata reference, section 10). Never "not acceptable": text is for everybody.

export type Format = 'text' | 'json' | 'yaml';

const offers: readonly { readonly type: string; readonly format: Format }[] = [
  { type: 'text/plain', format: 'text' },
  { type: 'application/json', format: 'json' },
  { type: 'application/yaml', format: 'yaml' },
  { type: 'application/x-yaml', format: 'yaml' },
  { type: 'text/yaml', format: 'yaml' },
  { type: 'text/x-yaml', format: 'yaml' },
];
/** More entries are nobody's honest wish. */
const maxEntries = 64;

/** The highest q wins; at equal q an exact type beats `type/*`, which beats any; then the order of the offers. */
export function negotiate(accept: string | undefined): Format {
  if (accept === undefined) return 'text';
  let best: { q: number; exactness: number; offer: number } | undefined;
  for (const entry of accept.split(',').slice(0, maxEntries)) {
    const [range = '', ...parameters] = entry.split(';').map((part) => part.trim().toLowerCase());
    const q = qualityOf(parameters);
    offers.forEach(({ type }, offer) => {
      const exactness = exactnessOf(range, type);
      if (q <= 0 || exactness === 0) return;
      const better =
        !best ||
        q > best.q ||
        (q === best.q && (exactness > best.exactness || (exactness === best.exactness && offer < best.offer)));
      if (better) best = { q, exactness, offer };
    });
  }
  return best ? offers[best.offer]!.format : 'text';
}

function qualityOf(parameters: readonly string[]): number {
  const text = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
  if (text === undefined) return 1;
  const q = Number(text);
  return Number.isFinite(q) ? Math.min(q, 1) : 0;
}

function exactnessOf(range: string, type: string): number {
  if (range === type) return 3;
  if (range === `${type.split('/')[0]}/*`) return 2;
  return range === '*/*' ? 1 : 0;
}
