// Pure: the messages of WireGuard's generic netlink family (linux/wireguard.h), written and read. The netlink package has them
// too, with other command numbers than the kernel's and without the mark of nested attributes.
import { Payload, readAttributeList, readAttributes, u8Of, u16Of } from './attributes.ts';
import { FAMILY } from './constants.ts';
import { type Ip, type IpRange, ipBytes, ipFromBytes } from './ip-bytes.ts';

/** genlmsghdr: command, version, reserved. */
const genlHeader = 4;
export const command = { get: 0, set: 1 } as const;
const version = 1;

const DEVICE = { IFNAME: 2, PRIVATE_KEY: 3, PUBLIC_KEY: 4, LISTEN_PORT: 6, PEERS: 8 } as const;
const PEER = {
  PUBLIC_KEY: 1,
  FLAGS: 3,
  ENDPOINT: 4,
  KEEPALIVE: 5,
  LAST_HANDSHAKE: 6,
  RX_BYTES: 7,
  TX_BYTES: 8,
  ALLOWED: 9,
} as const;
const ALLOWED = { FAMILY: 1, ADDRESS: 2, PREFIX: 3 } as const;
const FLAG = { REMOVE: 1, REPLACE_ALLOWED: 2 } as const;

/** Peers lie in one attribute, and a length of 16 bits; half of that leaves room for whatever one peer adds. */
const mostBytes = 32 * 1024;
/** One range with its headers is 28 bytes at most. */
const mostRanges = 1_000;

export interface Endpoint {
  readonly address: Ip;
  readonly port: number;
}

export interface WireguardPeer {
  /** Base64, as everywhere. */
  readonly publicKey: string;
  readonly endpoint: Endpoint | undefined;
  /** Seconds; 0: none. */
  readonly keepalive: number;
  readonly allowed: readonly IpRange[];
  /** Milliseconds since the epoch; undefined: never. */
  readonly lastHandshake: number | undefined;
  readonly rxBytes: number;
  readonly txBytes: number;
}

export interface WireguardDevice {
  /** undefined: it has no key yet. */
  readonly publicKey: string | undefined;
  /** 0: none. */
  readonly port: number;
  readonly peers: readonly WireguardPeer[];
}

export type PeerChange =
  | { readonly publicKey: string; readonly remove: true }
  | {
      readonly publicKey: string;
      readonly endpoint?: Endpoint;
      readonly keepalive?: number;
      /** Added to what it has, taken from whoever else has them; with `replace` all that it has from now on. */
      readonly allowed?: readonly IpRange[];
      readonly replace?: boolean;
    };

export interface DeviceChange {
  /** 32 bytes. */
  readonly privateKey?: Uint8Array;
  readonly port?: number;
}

function header(which: number): Payload {
  return new Payload(Uint8Array.of(which, version, 0, 0));
}

export function getDeviceMessage(name: string): Buffer {
  return header(command.get).text(DEVICE.IFNAME, name).finish();
}

export function setDeviceMessage(name: string, { privateKey, port }: DeviceChange): Buffer {
  const payload = header(command.set).text(DEVICE.IFNAME, name);
  if (privateKey !== undefined) payload.bytes(DEVICE.PRIVATE_KEY, privateKey);
  if (port !== undefined) payload.u16(DEVICE.LISTEN_PORT, port);
  return payload.finish();
}

/** As many messages as are needed, in order: one alone holds some hundred peers. */
export function setPeersMessages(name: string, changes: readonly PeerChange[]): Buffer[] {
  const messages: Buffer[] = [];
  let some: Buffer[] = [];
  let size = 0;
  const flush = (): void => {
    if (some.length === 0) return;
    const list = Buffer.concat(some);
    messages.push(
      header(command.set)
        .text(DEVICE.IFNAME, name)
        .bytes(DEVICE.PEERS | nestedMark, list)
        .finish(),
    );
    some = [];
    size = 0;
  };
  for (const part of changes.flatMap(inParts)) {
    const bytes = peerEntry(part);
    if (size + bytes.length > mostBytes) flush();
    some.push(bytes);
    size += bytes.length;
  }
  flush();
  return messages;
}

const nestedMark = 0x8000;

/** A peer with very many ranges takes several entries, of which only the first replaces. */
function inParts(change: PeerChange): PeerChange[] {
  if ('remove' in change || (change.allowed?.length ?? 0) <= mostRanges) return [change];
  const { publicKey, allowed = [], ...first } = change;
  const parts: PeerChange[] = [];
  for (let at = 0; at < allowed.length; at += mostRanges) {
    parts.push({ publicKey, ...(at === 0 ? first : {}), allowed: allowed.slice(at, at + mostRanges) });
  }
  return parts;
}

/** An element of a list: its type has no meaning. */
function peerEntry(change: PeerChange): Buffer {
  return new Payload(new Uint8Array(0))
    .nest(0, (peer) => {
      peer.bytes(PEER.PUBLIC_KEY, Buffer.from(change.publicKey, 'base64'));
      if ('remove' in change) {
        peer.u32(PEER.FLAGS, FLAG.REMOVE);
        return;
      }
      const { endpoint, keepalive, allowed, replace } = change;
      if (replace) peer.u32(PEER.FLAGS, FLAG.REPLACE_ALLOWED);
      if (endpoint) peer.bytes(PEER.ENDPOINT, endpointBytes(endpoint));
      if (keepalive !== undefined) peer.u16(PEER.KEEPALIVE, keepalive);
      if (!allowed) return;
      peer.nest(PEER.ALLOWED, (list) => {
        for (const range of allowed) fillRange(list, range);
      });
    })
    .finish();
}

function fillRange(list: Payload, { base, prefix }: IpRange): void {
  list.nest(0, (entry) => {
    entry
      .u16(ALLOWED.FAMILY, typeof base === 'number' ? FAMILY.INET : FAMILY.INET6)
      .bytes(ALLOWED.ADDRESS, ipBytes(base))
      .u8(ALLOWED.PREFIX, prefix);
  });
}

/** struct sockaddr_in or sockaddr_in6: family in host order, port and address in network order. */
function endpointBytes({ address, port }: Endpoint): Buffer {
  const four = typeof address === 'number';
  const bytes = Buffer.alloc(four ? 16 : 28);
  bytes.writeUInt16LE(four ? FAMILY.INET : FAMILY.INET6, 0);
  bytes.writeUInt16BE(port, 2);
  bytes.set(ipBytes(address), four ? 4 : 8);
  return bytes;
}

/** @param answers what follows the netlink header of each message of a dump: a long list of peers comes in several */
export function parseDevice(answers: readonly Buffer[]): WireguardDevice {
  let publicKey: string | undefined;
  let port = 0;
  const peers = new Map<string, WireguardPeer>();
  for (const answer of answers) {
    const device = readAttributes(answer, genlHeader);
    publicKey ??= keyOf(device.get(DEVICE.PUBLIC_KEY));
    port = u16Of(device, DEVICE.LISTEN_PORT) ?? port;
    for (const { value } of readAttributeList(device.get(DEVICE.PEERS) ?? Buffer.alloc(0))) {
      const peer = parsePeer(value);
      if (!peer) continue;
      // One peer's ranges may go on in the next message, where nothing else of it is told again.
      const before = peers.get(peer.publicKey);
      peers.set(peer.publicKey, before ? { ...before, allowed: [...before.allowed, ...peer.allowed] } : peer);
    }
  }
  return { publicKey, port, peers: [...peers.values()] };
}

function parsePeer(bytes: Buffer): WireguardPeer | undefined {
  const peer = readAttributes(bytes);
  const publicKey = keyOf(peer.get(PEER.PUBLIC_KEY));
  if (publicKey === undefined) return undefined;
  return {
    publicKey,
    endpoint: parseEndpoint(peer.get(PEER.ENDPOINT)),
    keepalive: u16Of(peer, PEER.KEEPALIVE) ?? 0,
    allowed: readAttributeList(peer.get(PEER.ALLOWED) ?? Buffer.alloc(0)).flatMap(
      ({ value }) => parseRange(value) ?? [],
    ),
    lastHandshake: parseTime(peer.get(PEER.LAST_HANDSHAKE)),
    rxBytes: u64Of(peer.get(PEER.RX_BYTES)),
    txBytes: u64Of(peer.get(PEER.TX_BYTES)),
  };
}

function parseRange(bytes: Buffer): IpRange | undefined {
  const entry = readAttributes(bytes);
  const [base, prefix] = [ipFromBytes(entry.get(ALLOWED.ADDRESS)), u8Of(entry, ALLOWED.PREFIX)];
  return base === undefined || prefix === undefined ? undefined : { base, prefix };
}

function parseEndpoint(bytes: Buffer | undefined): Endpoint | undefined {
  if (!bytes || bytes.length < 16) return undefined;
  const four = bytes.readUInt16LE(0) === FAMILY.INET;
  const address = ipFromBytes(four ? bytes.subarray(4, 8) : bytes.subarray(8, 24));
  return address === undefined ? undefined : { address, port: bytes.readUInt16BE(2) };
}

/** struct __kernel_timespec; zero for a peer without a handshake. */
function parseTime(bytes: Buffer | undefined): number | undefined {
  if (!bytes || bytes.length < 16) return undefined;
  const ms = Number(bytes.readBigInt64LE(0)) * 1_000 + Number(bytes.readBigInt64LE(8)) / 1e6;
  return ms === 0 ? undefined : ms;
}

function u64Of(bytes: Buffer | undefined): number {
  return bytes && bytes.length >= 8 ? Number(bytes.readBigUInt64LE(0)) : 0;
}

/** One that is all zero is none. */
function keyOf(bytes: Buffer | undefined): string | undefined {
  return bytes?.length === 32 && bytes.some((byte) => byte !== 0) ? bytes.toString('base64') : undefined;
}

const CTRL = { GETFAMILY: 3, FAMILY_ID: 1, FAMILY_NAME: 2 } as const;

/** Asks the controller (linux/genetlink.h) for the number of a family. */
export function getFamilyMessage(name: string): Buffer {
  return new Payload(Uint8Array.of(CTRL.GETFAMILY, 1, 0, 0)).text(CTRL.FAMILY_NAME, name).finish();
}

export function parseFamily(answer: Buffer): number | undefined {
  return u16Of(readAttributes(answer, genlHeader), CTRL.FAMILY_ID);
}
