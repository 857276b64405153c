// Pure: which connections charon has to be told anew, which it has to forget, and what it showed of those it was told.
import type { ViciInput } from './vici-codec.ts';
import { ownPrefix, type WantConnection } from './want-connections.ts';

export type LoadStep =
  | { readonly do: 'load'; readonly want: WantConnection; readonly message: ViciInput }
  | { readonly do: 'unload'; readonly name: string };

/** What this process knows of a connection that it has told charon. */
export interface Told {
  readonly digest: string;
  /** The mark that charon showed of it at first; undefined until then. Another one: somebody has told charon something else. */
  readonly shown: string | undefined;
}

/**
 * What charon shows first of a connection is taken for what it was told.
 * @param have as for planLoads
 */
export function noteMarks(loaded: ReadonlyMap<string, Told>, have: ReadonlyMap<string, string>): Map<string, Told> {
  return new Map([...loaded].map(([name, { digest, shown }]) => [name, { digest, shown: shown ?? have.get(name) }]));
}

/**
 * Loads before it unloads: of a peer that moves, the new connection stands before the old one goes.
 * @param have what is in charon, by name with its mark, others' among it
 * @param loaded by name
 */
export function planLoads(
  wants: readonly WantConnection[],
  have: ReadonlyMap<string, string>,
  loaded: ReadonlyMap<string, Told>,
  complete: boolean,
): LoadStep[] {
  const wanted = new Set(wants.map(({ name }) => name));
  const loads = wants
    .filter(({ name, digest }) => !isAsTold(loaded.get(name), digest, have.get(name)))
    .map((want): LoadStep => ({ do: 'load', want, message: { [want.name]: want.message } }));
  const gone = complete ? [...have.keys()].filter((name) => name.startsWith(ownPrefix) && !wanted.has(name)) : [];
  return [...loads, ...gone.map((name): LoadStep => ({ do: 'unload', name }))];
}

function isAsTold(told: Told | undefined, digest: string, shown: string | undefined): boolean {
  if (told?.digest !== digest || shown === undefined) return false;
  return told.shown === undefined || told.shown === shown;
}
