// A charon that somebody else runs, in a container of its own for example: reached at its socket, never started or ended here.
import type { EspMode } from '../settings.ts';
import { openVici } from '../vici.ts';
import type { ViciValue } from '../vici-codec.ts';
import { type CharonKeeper, type Running, requirePlugins } from './charon.ts';

export function externalCharon(socket: string): CharonKeeper {
  const vici = openVici(socket);
  /** Its start, in its own words; another one has no connections. */
  let known: string | undefined;
  return {
    async ensure(mode: EspMode): Promise<Running> {
      const { plugins, uptime } = await vici.call('stats');
      const since = sinceOf(uptime);
      const isNew = known !== since;
      if (isNew) requirePlugins(plugins, mode);
      const isFresh = isNew && known !== undefined;
      known = since;
      return { vici, isNew, isFresh };
    },
    stop: async () => undefined,
    close: () => vici.close(),
  };
}

function sinceOf(uptime: ViciValue | undefined): string {
  if (typeof uptime !== 'object' || Array.isArray(uptime)) return '';
  const { since } = uptime as { readonly since?: ViciValue };
  return typeof since === 'string' ? since : '';
}
