// Pure: which version of the API to speak. Engines refuse versions below a minimum that rises with each release, and an
// unversioned request gets whatever is newest, so one is chosen that both sides know.

/** The newest version whose answers were read when this was written. */
const newestKnown = '1.51';

/** The path's first part, `v1.41`; undefined (an unversioned request) when the engine does not tell a usable version. */
export function chooseApiVersion(engine: { newest: unknown; oldest: unknown }): string | undefined {
  const newest = parse(engine.newest);
  if (!newest) return undefined;
  const known = parse(newestKnown)!;
  const chosen = isOlder(newest, known) ? newest : known;
  const oldest = parse(engine.oldest);
  // An engine that has dropped all we know: its oldest is nearest to it.
  const usable = oldest && isOlder(chosen, oldest) ? oldest : chosen;
  return `v${usable[0]}.${usable[1]}`;
}

function parse(value: unknown): [number, number] | undefined {
  const match = typeof value === 'string' ? /^(\d{1,4})\.(\d{1,4})$/.exec(value) : null;
  return match ? [Number(match[1]), Number(match[2])] : undefined;
}

function isOlder(one: [number, number], other: [number, number]): boolean {
  return one[0] !== other[0] ? one[0] < other[0] : one[1] < other[1];
}
