// Pure: which connections charon has to be told anew, and which it has to forget.
import type { ViciInput } from './vici-codec.ts';
import { ownPrefix, type WantConnection } from './want-connections.ts';

export type LoadStep =
  | { readonly do: 'load'; readonly want: WantConnection; readonly message: ViciInput }
  | { readonly do: 'unload'; readonly name: string };

/**
 * Loads before it unloads: of a peer that moves, the new connection stands before the old one goes.
 * @param have names in charon, those of others among them
 * @param loaded digests of what this process has told this charon, by name
 */
export function planLoads(
  wants: readonly WantConnection[],
  have: readonly string[],
  loaded: ReadonlyMap<string, string>,
  complete: boolean,
): LoadStep[] {
  const present = new Set(have);
  const wanted = new Set(wants.map(({ name }) => name));
  const loads = wants
    .filter(({ name, digest }) => !present.has(name) || loaded.get(name) !== digest)
    .map((want): LoadStep => ({ do: 'load', want, message: { [want.name]: want.message } }));
  const gone = complete ? have.filter((name) => name.startsWith(ownPrefix) && !wanted.has(name)) : [];
  return [...loads, ...gone.map((name): LoadStep => ({ do: 'unload', name }))];
}
