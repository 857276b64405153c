// Pure: what people, health and probes are told of the tunnels.
import type { Session } from '../driver.ts';
import type { Statement } from '../overlay-health.ts';
import type { IkeSa } from './parse-sas.ts';
import { installed, isConnecting, isUp } from './plan-sas.ts';
import type { Reason } from './reasons.ts';
import type { WantConnection } from './want-connections.ts';

/** A connection that is not there. */
export interface Missing {
  readonly want: WantConnection;
  readonly sinceMs: number;
}

export function sessionsOf(wants: readonly WantConnection[], have: readonly IkeSa[]): Session[] {
  const byName = Map.groupBy(have, ({ name }) => name);
  return wants.flatMap((want) => {
    const ikes = byName.get(want.name) ?? [];
    const age = Math.max(0, ...ikes.filter(({ state }) => state === 'ESTABLISHED').map((ike) => ike.age));
    return want.children.map(({ name }): Session => {
      const children = installed(ikes, name);
      const { hostId } = want;
      const [rxBytes, txBytes] = [sum(children.map((one) => one.bytesIn)), sum(children.map((one) => one.bytesOut))];
      if (children.length === 0) {
        const state = ikes.some(isConnecting) ? 'connecting' : 'none';
        return { network: name, hostId, state, lastRekeyMs: null, ageMs: null, rxBytes, txBytes };
      }
      const rekeyed = Math.min(...children.map((one) => one.age));
      return {
        network: name,
        hostId,
        state: 'established',
        lastRekeyMs: rekeyed * 1_000,
        ageMs: age * 1_000,
        rxBytes,
        txBytes,
      };
    });
  });
}

/** Wanted connections without all their associations, with the time since when; ms of the monotonic clock. */
export function missingOf(
  wants: readonly WantConnection[],
  have: readonly IkeSa[],
  before: ReadonlyMap<string, number>,
  now: number,
): Map<string, number> {
  const byName = Map.groupBy(have, ({ name }) => name);
  const gone = wants.filter((want) => !isUp(want, byName.get(want.name) ?? []));
  return new Map(gone.map(({ hostId }) => [hostId, before.get(hostId) ?? now]));
}

/** A tunnel takes its time; this long it is no news. */
const patienceMs = 8_000;
const mostTold = 5;

/** @param reasons by host id. Peers that cannot be reached are no fault of this host */
export function stateOfTunnels(
  wants: readonly WantConnection[],
  missing: ReadonlyMap<string, number>,
  reasons: ReadonlyMap<string, Reason>,
  now: number,
): Statement {
  const late = wants.filter(({ hostId }) => {
    const since = missing.get(hostId);
    return since !== undefined && (now - since >= patienceMs || reasons.get(hostId)?.isTrust === true);
  });
  if (late.length === 0) {
    const up = wants.length - missing.size;
    return { ok: true, degradesOnly: true, text: wants.length === 0 ? 'no peers' : `${up} of ${wants.length} tunnels` };
  }
  const told = late.slice(0, mostTold).map(({ host, hostId }) => {
    const reason = reasons.get(hostId);
    return reason ? `${host} (${reason.text})` : host;
  });
  const more = late.length > mostTold ? ` and ${late.length - mostTold} more` : '';
  const isTrust = late.some(({ hostId }) => reasons.get(hostId)?.isTrust === true);
  const code = isTrust ? 'PEER_REFUSED' : 'PEER_LOST';
  return { ok: false, degradesOnly: true, code, text: `no tunnel to ${told.join(', ')}${more}` };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
