// Pure: what has to change about a device.
import type { Mac } from '../../model/mac.ts';
import type { Payload } from './attributes.ts';
import { BRPORT } from './constants.ts';
import type { BridgePort, Link } from './links.ts';

export interface LinkChanges {
  readonly up?: boolean;
  readonly mac?: Mac;
  readonly mtu?: number;
  /** Index of the bridge to enslave to; 0 releases. */
  readonly master?: number;
  /** Empty removes it. */
  readonly alias?: string;
  readonly promisc?: boolean;
  readonly group?: number;
  /** Tell the neighbours of its IPv4 addresses when it goes up and when they change (arp_notify). Not looked at by ensureLink. */
  readonly announce?: boolean;
}

/** The changes that are not true of the device yet; undefined if all are. */
export function linkDifference({ announce: _, ...want }: LinkChanges, have: Link): LinkChanges | undefined {
  const actual: Required<Omit<LinkChanges, 'announce'>> = {
    up: have.up,
    mac: have.mac ?? ('' as Mac),
    mtu: have.mtu,
    master: have.master ?? 0,
    alias: have.alias ?? '',
    promisc: have.promisc,
    group: have.group,
  };
  return differing(want, actual);
}

/** The flags that are not set as wanted; undefined if all are. */
export function portDifference(want: Partial<BridgePort>, have: BridgePort): Partial<BridgePort> | undefined {
  return differing(want, have);
}

const flags: Readonly<Record<keyof BridgePort, number>> = {
  hairpin: BRPORT.HAIRPIN,
  learning: BRPORT.LEARNING,
  locked: BRPORT.LOCKED,
  isolated: BRPORT.ISOLATED,
  neighSuppress: BRPORT.NEIGH_SUPPRESS,
  unicastFlood: BRPORT.UNICAST_FLOOD,
  multicastFlood: BRPORT.MCAST_FLOOD,
  broadcastFlood: BRPORT.BCAST_FLOOD,
};

/** Writes the given flags as attributes of a bridge's port. */
export function fillPort(payload: Payload, port: Partial<BridgePort>): void {
  for (const [name, type] of Object.entries(flags)) {
    const value = port[name as keyof BridgePort];
    if (value !== undefined) payload.u8(type, value ? 1 : 0);
  }
}

function differing<T extends object>(want: Partial<T>, have: T): Partial<T> | undefined {
  const entries = Object.entries(want).filter(([key, value]) => value !== undefined && have[key as keyof T] !== value);
  return entries.length === 0 ? undefined : (Object.fromEntries(entries) as Partial<T>);
}
