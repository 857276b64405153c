// A charon that somebody else runs, in a container of its own for example: reached at its socket, never started or ended here.
import { hasCode } from '../../../shared/model/errors.ts';
import { secretId } from '../credentials.ts';
import { parseConnections, parseSas } from '../parse-sas.ts';
import type { EspMode } from '../settings.ts';
import { openVici, type Vici } from '../vici.ts';
import { ownPrefix } from '../want-connections.ts';
import { type CharonKeeper, type Running, requirePlugins } from './charon.ts';

/** @param own the one that this host had before it was told of the other: the two would fight for UDP 500 */
export function externalCharon(socket: string, own: Pick<CharonKeeper, 'stop'>): CharonKeeper {
  const vici = openVici(socket);
  /** Number of the connection; with another one it may be another charon, which knows nothing. */
  let known: number | undefined;
  return {
    async ensure(mode: EspMode): Promise<Running> {
      if (known === undefined) await own.stop([]);
      const { plugins } = await vici.call('stats');
      const now = vici.connections();
      const isNew = known !== now;
      if (isNew) requirePlugins(plugins, mode);
      const isFresh = isNew && known !== undefined;
      known = now;
      return { vici, isNew, isFresh };
    },
    async stop(keys) {
      await own.stop([]);
      known = undefined;
      try {
        await empty(vici, keys);
      } catch (error) {
        if (!hasCode(error, 'NOT_RUNNING')) throw error; // then nothing of ours is in it
      }
    },
    close: () => vici.close(),
  };
}

/** Takes out what is ours: it would carry on, and catch the packets of what takes its place. */
async function empty(vici: Vici, keys: readonly string[]): Promise<void> {
  const isOurs = (name: string): boolean => name.startsWith(ownPrefix);
  for (const name of [...parseConnections(await vici.list('list-conns', 'list-conn')).keys()].filter(isOurs))
    await unlessGone(vici.call('unload-conn', { name }));
  for (const { name, id } of parseSas(await vici.list('list-sas', 'list-sa')))
    if (isOurs(name)) await unlessGone(vici.call('terminate', { 'ike-id': id, timeout: -1 }));
  for (const id of keys) await unlessGone(vici.call('unload-key', { id }));
  await unlessGone(vici.call('unload-shared', { id: secretId }));
}

/** charon refuses to remove what is not there. */
async function unlessGone(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!hasCode(error, 'VICI_REFUSED')) throw error;
  }
}
