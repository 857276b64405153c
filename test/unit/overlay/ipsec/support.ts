// Networks of driver ipsec as host 1 sees them, and the keys of three hosts.
import type { IpsecSettings } from '../../../../daemons/overlay/ipsec/settings.ts';
import type { Credentials, WantConnection } from '../../../../daemons/overlay/ipsec/want-connections.ts';
import { wantConnections } from '../../../../daemons/overlay/ipsec/want-connections.ts';
import { KeyPair } from '../../../../daemons/overlay/keys/key-pair.ts';
import type { OverlayNetwork, Wish } from '../../../../daemons/overlay/overlay-network.ts';
import { OverrideIndex } from '../../../../daemons/overlay/overrides.ts';
import { wantNetworks } from '../../../../daemons/overlay/want-networks.ts';
import type { SnapshotObject } from '../../../../daemons/shared/model/objects.ts';
import { noChange } from '../../../../daemons/shared/model/snapshot.ts';
import { blockObject, hostIdOf, hostObject, networkObject } from '../../../fixtures/overlay-objects.ts';
import { snapshotOf } from '../support.ts';

export const settings: IpsecSettings = {
  encap: false,
  ikeRekey: 14_400,
  childRekey: 3_600,
  dpd: 10,
  replayWindow: 1_024,
};

export function ipsecCluster(count: number): SnapshotObject[] {
  const numbers = Array.from({ length: count }, (_, at) => at + 1);
  const network = networkObject('corral', { driver: 'ipsec' });
  return [network, ...numbers.map((one) => hostObject(one)), ...numbers.map((one) => blockObject(one))];
}

export function ipsecWish(objects: readonly SnapshotObject[], number = 1): Wish {
  const snapshot = snapshotOf(objects, { number });
  return wantNetworks(snapshot, new OverrideIndex().update(snapshot, noChange), new Set(['ipsec']));
}

export const pairs = Array.from({ length: 5 }, () => KeyPair.make('ipsec'));
export const publicBytes = (number: number): Buffer => Buffer.from(pairs[number]!.publicKey, 'base64');

/** Host `number` knows the key of every other host of `count`. */
export function credentialsOf(count: number, number = 1): Credentials {
  const others = Array.from({ length: count }, (_, at) => at + 1).filter((one) => one !== number);
  const peers = new Map(others.map((one) => [hostIdOf(one), [publicBytes(one)]]));
  return { by: 'keys', own: publicBytes(number), peers };
}

export function connectionsOf(
  networks: readonly OverlayNetwork[],
  credentials: Credentials,
  mode: 'interface' | 'policies' | 'user-space' = 'policies',
): readonly WantConnection[] {
  return wantConnections(networks, { credentials, settings, mode }).connections;
}
