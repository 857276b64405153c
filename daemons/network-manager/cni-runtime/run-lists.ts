// A network's lists of plugins, carried out as libcni does: ADD forwards with each result handed on, DEL backwards over all,
// whatever fails on the way.
import type { JsonObject } from '../../../cni-plugins/shared/json.ts';
import type { PluginList } from '../cni-conf/plugin-lists.ts';
import type { Subject } from './plugin-call.ts';
import { type PluginSettings, runPlugin } from './run-plugin.ts';

/** The last result of each list, as it was printed; DEL and CHECK are given it. */
export type RawResults = readonly (JsonObject | null)[];

/** Fills `results` list by list. @throws the first failure; what was begun is the caller's to take down. */
export async function addLists(
  lists: readonly PluginList[],
  results: JsonObject[],
  subject: Subject,
  settings: PluginSettings,
): Promise<void> {
  for (const list of lists) {
    let prevResult: JsonObject | undefined;
    for (const plugin of list.plugins) {
      prevResult = await runPlugin({ verb: 'ADD', list, plugin, prevResult, subject }, settings);
    }
    results.push(prevResult ?? {});
  }
}

/** @throws the last failure, after all of them had their turn. */
export async function dropLists(
  lists: readonly PluginList[],
  results: RawResults,
  subject: Subject,
  settings: PluginSettings,
): Promise<void> {
  let failure: unknown;
  for (const [at, list] of [...lists.entries()].reverse()) {
    for (const plugin of [...list.plugins].reverse()) {
      const prevResult = results[at] ?? undefined;
      try {
        await runPlugin({ verb: 'DEL', list, plugin, prevResult, subject }, settings);
      } catch (error) {
        failure = error;
      }
    }
  }
  if (failure !== undefined) throw failure;
}
