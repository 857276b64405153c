// Short ways from objects to what the overlay wants.
import type { HostFacts } from '../../../daemons/overlay/host-facts.ts';
import type { Wish } from '../../../daemons/overlay/overlay-network.ts';
import { OverrideIndex } from '../../../daemons/overlay/overrides.ts';
import { wantNetworks } from '../../../daemons/overlay/want-networks.ts';
import type { Ip } from '../../../daemons/shared/effects/netlink.ts';
import { parseIpv4 } from '../../../daemons/shared/model/ipv4.ts';
import type { SnapshotObject } from '../../../daemons/shared/model/objects.ts';
import { noChange, Snapshot } from '../../../daemons/shared/model/snapshot.ts';
import { hostIdOf } from '../../fixtures/overlay-objects.ts';

export const drivers = new Set(['vxlan'] as const);

export function ip(text: string): Ip {
  return text.includes(':') ? text : parseIpv4(text)!;
}

/** As host `number` sees it. */
export function snapshotOf(objects: readonly SnapshotObject[], { number = 1, complete = true } = {}): Snapshot {
  return Snapshot.empty(hostIdOf(number)).apply({ put: objects, drop: [] }, { revision: 1, complete });
}

export function wishOf(
  objects: readonly SnapshotObject[],
  options: { number?: number; complete?: boolean } = {},
): Wish {
  const snapshot = snapshotOf(objects, options);
  return wantNetworks(snapshot, new OverrideIndex().update(snapshot, noChange), drivers);
}

/** A host with an uplink of 1,500 bytes, its bridge, and every peer on the same link. */
export function factsOf(wish: Wish, rest: Partial<HostFacts> = {}): HostFacts {
  const addresses = new Map<Ip, number>();
  const paths: Map<Ip, { index: number; onLink: boolean; mtu: number }> = new Map();
  for (const { self, peers } of wish.networks) {
    addresses.set(self.address, 1_500);
    for (const gateway of [...self.gateways, ...self.gateways6]) addresses.set(gateway, 1_450);
    for (const { address } of peers) paths.set(address, { index: 2, onLink: true, mtu: 1_500 });
  }
  return { addresses, paths, ...rest };
}

/** A number in [0, 1) from a seed, the same each time (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}
