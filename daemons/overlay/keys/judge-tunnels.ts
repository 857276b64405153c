// Pure: which hosts' keys are trusted. The first identity that is seen of a host, or the one that a person trusts where none is
// trusted at first sight, is remembered (pinned); from then on its keys count only if that identity signed them, and never older
// ones than were seen.
import type { TunnelObject } from '../../shared/model/objects.ts';
import { isGenuine } from './genuine.ts';

export interface Pin {
  readonly identity: string;
  /** The highest that was seen. */
  readonly serial: number;
}

/** By host id. */
export type Pins = ReadonlyMap<string, Pin>;

export interface Refusal {
  readonly hostId: string;
  readonly code: 'KEY_CHANGED' | 'KEY_UNKNOWN' | 'KEY_UNUSABLE';
  readonly text: string;
}

export interface Judgement {
  readonly trusted: ReadonlyMap<string, TunnelObject>;
  readonly refused: readonly Refusal[];
  /** The same object if nothing is new. */
  readonly pins: Pins;
}

/** Hosts that are gone are remembered as long as there is room: whoever comes back is asked for the key it had. */
export const mostPins = 16_384;

/** Of hosts that nothing is remembered of. */
export type Trust = 'first-sight' | 'listed';

export function judgeTunnels(tunnels: Iterable<TunnelObject>, own: string, pins: Pins, trust: Trust): Judgement {
  const trusted = new Map<string, TunnelObject>();
  const refused: Refusal[] = [];
  const news = new Map<string, Pin>();
  for (const tunnel of tunnels) {
    const { hostId, identity, serial } = tunnel;
    if (hostId === own) continue;
    const pin = pins.get(hostId);
    const refusal = refuse(tunnel, pin, trust);
    if (refusal) {
      refused.push({ hostId, ...refusal });
      continue;
    }
    trusted.set(hostId, tunnel);
    if (pin?.serial !== serial) news.set(hostId, { identity, serial });
  }
  return { trusted, refused, pins: news.size === 0 ? pins : bounded(new Map([...pins, ...news]), trusted) };
}

function refuse(tunnel: TunnelObject, pin: Pin | undefined, trust: Trust): Omit<Refusal, 'hostId'> | undefined {
  if (!isGenuine(tunnel)) return { code: 'KEY_UNUSABLE', text: 'its keys are not signed by its identity' };
  if (!pin) {
    if (trust === 'first-sight') return undefined;
    return {
      code: 'KEY_UNKNOWN',
      text: `its identity ${shown(tunnel.identity)} is new, and nobody has trusted it yet`,
    };
  }
  if (pin.identity !== tunnel.identity) {
    return { code: 'KEY_CHANGED', text: `its identity is ${shown(tunnel.identity)} and was ${shown(pin.identity)}` };
  }
  if (tunnel.serial >= pin.serial) return undefined;
  return { code: 'KEY_CHANGED', text: `its keys are older (${tunnel.serial}) than those seen before (${pin.serial})` };
}

function bounded(pins: Map<string, Pin>, present: ReadonlyMap<string, unknown>): Pins {
  for (const host of pins.keys()) {
    if (pins.size <= mostPins) break;
    if (!present.has(host)) pins.delete(host);
  }
  return pins;
}

/** Enough to compare by eye. */
export function shown(key: string): string {
  return key.slice(0, 12);
}
