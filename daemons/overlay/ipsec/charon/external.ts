// A charon that somebody else runs, in a container of its own for example: reached at its socket, never started or ended here.
import { setTimeout as pause } from 'node:timers/promises';
import { hasCode, SuiteError } from '../../../shared/model/errors.ts';
import { secretId } from '../credentials.ts';
import { parseConnections, parseSas, parseTraps } from '../parse-sas.ts';
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

const emptyMs = 5_000;
const pauseMs = 20;

/** Takes out what is ours: it would carry on, and catch the packets of what takes its place. */
async function empty(vici: Vici, keys: readonly string[]): Promise<void> {
  for (const name of [...parseConnections(await vici.list('list-conns', 'list-conn')).keys()].filter(isOurs))
    await unlessGone(vici.call('unload-conn', { name }));
  const deadline = performance.now() + emptyMs;
  while (await endOurs(vici)) {
    if (performance.now() > deadline) throw new SuiteError('DEADLINE', 'take our associations out of charon');
    await pause(pauseMs);
  }
  for (const id of keys) await unlessGone(vici.call('unload-key', { id }));
  await unlessGone(vici.call('unload-shared', { id: secretId }));
}

/**
 * Associations, then traps: of one that the peer ends first, charon lays a trap (`close_action`) even if its connection is
 * unloaded by then.
 *
 * @returns true while there was any
 */
async function endOurs(vici: Vici): Promise<boolean> {
  const sas = parseSas(await vici.list('list-sas', 'list-sa')).filter(({ name }) => isOurs(name));
  for (const { id } of sas) await unlessGone(vici.call('terminate', { 'ike-id': id, force: true, timeout: -1 }));
  const policies = await vici.list('list-policies', 'list-policy', { trap: true });
  const traps = parseTraps(policies).filter(({ ike }) => isOurs(ike));
  for (const { ike, child } of traps) await unlessGone(vici.call('uninstall', { ike, child }));
  return sas.length + traps.length > 0;
}

function isOurs(name: string): boolean {
  return name.startsWith(ownPrefix);
}

/** charon refuses to remove what is not there. */
async function unlessGone(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!hasCode(error, 'VICI_REFUSED')) throw error;
  }
}
