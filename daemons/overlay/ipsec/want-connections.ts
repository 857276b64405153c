// Pure: one connection a peer, with one child a network, in the words of charon's load-conn.
import { createHash } from 'node:crypto';
import { renderAddress, renderRange } from '../addresses.ts';
import type { Fault, OverlayNetwork, Peer } from '../overlay-network.ts';
import {
  type EspMode,
  espProposals,
  type IpsecSettings,
  ikeProposals,
  overTime,
  randomTime,
  rekeyPackets,
} from './settings.ts';
import type { ViciInput } from './vici-codec.ts';

/** What two hosts prove their identity with. */
export type Credentials =
  | {
      readonly by: 'keys';
      /** SubjectPublicKeyInfo (DER) of the own key in use. */
      readonly own: Uint8Array;
      /** Those of the peers that are trusted, by host id: the one in use, then an announced next one. */
      readonly peers: ReadonlyMap<string, readonly Uint8Array[]>;
    }
  /** For all hosts the same; `mark` tells one secret from the next without giving it away. */
  | { readonly by: 'secret'; readonly mark: string };

export interface WantChild {
  readonly name: string;
  /** As charon prints them, in order. */
  readonly localTs: readonly string[];
  readonly remoteTs: readonly string[];
}

export interface WantConnection {
  /** `corral-<host id>-<digest>`: other addresses or other keys in use are another connection, made before the old one goes. */
  readonly name: string;
  readonly hostId: string;
  readonly host: string;
  /** Of each pair of hosts the one with the lower id begins. */
  readonly initiates: boolean;
  readonly children: readonly WantChild[];
  /** For load-conn, below the name. */
  readonly message: ViciInput;
  /** Of the message: what is loaded already need not be again. */
  readonly digest: string;
}

export interface ConnectionsWish {
  readonly connections: readonly WantConnection[];
  readonly faults: readonly Fault[];
}

export const ownPrefix = 'corral-';

export interface Ground {
  readonly credentials: Credentials;
  readonly settings: IpsecSettings;
  readonly mode: EspMode;
}

/** @param networks those that are ready: with an address of this host inside */
export function wantConnections(networks: readonly OverlayNetwork[], ground: Ground): ConnectionsWish {
  const faults: Fault[] = [];
  const byHost = new Map<string, { peer: Peer; network: OverlayNetwork }[]>();
  for (const network of networks) {
    for (const peer of network.peers) {
      if (keysOf(peer, ground) === undefined) {
        faults.push({
          network: network.name,
          code: 'PEER_INVALID',
          text: `${peer.host}: it has told no key of its own`,
        });
        continue;
      }
      byHost.set(peer.hostId, [...(byHost.get(peer.hostId) ?? []), { peer, network }]);
    }
  }
  const connections = [...byHost.values()].flatMap((parts) => wantConnection(parts, ground) ?? []);
  return { connections, faults };
}

/** undefined: nothing of it is trusted. */
function keysOf({ hostId }: Peer, { credentials }: Ground): readonly Uint8Array[] | undefined {
  if (credentials.by === 'secret') return [];
  const keys = credentials.peers.get(hostId);
  return keys && keys.length > 0 ? keys : undefined;
}

function wantConnection(
  parts: readonly { peer: Peer; network: OverlayNetwork }[],
  ground: Ground,
): WantConnection | undefined {
  const [first] = parts;
  if (!first) return undefined;
  const { peer, network } = first;
  const { self } = network;
  const initiates = self.hostId < peer.hostId;
  const children = parts.flatMap((part) => wantChild(part.network, part.peer) ?? []);
  if (children.length === 0) return undefined;
  const vnis = new Map(parts.map((part) => [part.network.name, part.network.vni]));
  const { credentials, settings } = ground;
  const [local, remote] = [renderAddress(self.address), renderAddress(peer.address)];
  const auth = credentials.by === 'keys' ? 'pubkey' : 'psk';
  const peerKeys = keysOf(peer, ground) ?? [];
  const message: ViciInput = {
    version: 2,
    local_addrs: [local],
    // The first is where it is looked for. It may come from elsewhere, through a translation of addresses: who it is, its key says.
    remote_addrs: [remote, '%any'],
    proposals: ikeProposals,
    encap: settings.encap || ground.mode === 'user-space',
    // With it, charon tells and tries all addresses of the hosts, those inside of the tunnel among them, and takes note of another
    // port of a translation only where it was asked for. A peer that moves has another connection; who it is, its key says.
    mobike: false,
    keyingtries: 0,
    dpd_delay: `${settings.dpd}s`,
    rekey_time: `${settings.ikeRekey}s`,
    over_time: `${overTime(settings.ikeRekey)}s`,
    rand_time: `${randomTime(settings.ikeRekey)}s`,
    unique: 'replace',
    local: { auth, id: self.hostId, ...localProof(credentials) },
    remote: { auth, id: peer.hostId, pubkeys: credentials.by === 'keys' ? peerKeys : undefined },
    children: Object.fromEntries(
      children.map((child) => [child.name, childMessage(child, initiates, vnis.get(child.name) ?? 0, ground)]),
    ),
  };
  const identity = credentials.by === 'keys' ? [credentials.own, peerKeys[0] ?? ''] : [credentials.mark];
  return {
    name: `${ownPrefix}${peer.hostId}-${digestOf([local, remote, ...identity]).slice(0, 8)}`,
    hostId: peer.hostId,
    host: peer.host,
    initiates,
    children,
    message,
    digest: digestOf([JSON.stringify(message, asText)]),
  };
}

/**
 * Two connections that charon cannot tell apart share their associations, whatever their names are, and nothing in one says
 * which secret it is for: the mark does, as an identity that only EAP would use.
 */
function localProof(credentials: Credentials): ViciInput {
  return credentials.by === 'keys' ? { pubkeys: [credentials.own] } : { eap_id: credentials.mark };
}

function wantChild(network: OverlayNetwork, peer: Peer): WantChild | undefined {
  const { self } = network;
  const texts = (ranges: Peer['ranges']): string[] => ranges.map(renderRange).sort();
  // A family in which one side has nothing has no selectors: an SA cannot be one-sided.
  const both4 = self.ranges.length > 0 && peer.ranges.length > 0;
  const both6 = self.ranges6.length > 0 && peer.ranges6.length > 0;
  const localTs = [...(both4 ? texts(self.ranges) : []), ...(both6 ? texts(self.ranges6) : [])];
  const remoteTs = [...(both4 ? texts(peer.ranges) : []), ...(both6 ? texts(peer.ranges6) : [])];
  return localTs.length === 0 ? undefined : { name: network.name, localTs, remoteTs };
}

function childMessage(child: WantChild, initiates: boolean, ifId: number, { mode, settings }: Ground): ViciInput {
  const rekey = settings.childRekey;
  return {
    local_ts: child.localTs,
    remote_ts: child.remoteTs,
    esp_proposals: espProposals,
    mode: 'tunnel',
    // Traffic brings the tunnel up by itself where the kernel asks charon, also while the daemon is away.
    start_action: 'trap',
    dpd_action: initiates ? 'restart' : 'trap',
    // Not `start`: when one of two associations for one is ended, it would make another one, for ever. We begin what is missing.
    close_action: 'trap',
    rekey_time: `${rekey}s`,
    life_time: `${rekey + overTime(rekey)}s`,
    rand_time: `${randomTime(rekey)}s`,
    rekey_packets: rekeyPackets,
    replay_window: settings.replayWindow,
    ...(mode === 'interface' ? { if_id_in: ifId, if_id_out: ifId } : {}),
  };
}

function digestOf(parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex');
}

function asText(_: string, value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
}
