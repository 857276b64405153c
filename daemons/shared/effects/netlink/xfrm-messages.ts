// Pure: messages of the kernel's XFRM (linux/xfrm.h): policies without encryption, and the test whether there is ESP at all.
import { Payload } from './attributes.ts';
import { FAMILY } from './constants.ts';
import { anyOf, familyOf, type Ip, type IpRange, ipBytes, ipFromBytes } from './ip-bytes.ts';

export const XFRM = { NEWSA: 0x10, DELSA: 0x11, DELPOLICY: 0x14, GETPOLICY: 0x15, UPDPOLICY: 0x19 } as const;

export const xfrmDirections = ['in', 'out', 'fwd'] as const;
export type XfrmDirection = (typeof xfrmDirections)[number];

/** Sizes of the structs. */
const SELECTOR = 56;
const POLICY = 168;
const POLICY_ID = 64;
const STATE = 224;
const STATE_ID = 24;

/** Places inside struct xfrm_userpolicy_info. */
const DEVICE = 48;
const LIFETIME = SELECTOR;
const PRIORITY = SELECTOR + 64 + 32;
const INDEX = PRIORITY + 4;
const DIRECTION = PRIORITY + 8;
const ACTION = PRIORITY + 9;
const ALLOW = 0;
const BLOCK = 1;

const ATTR = { AEAD: 18 } as const;
const ESP = 50;
const TUNNEL = 1;

/** A policy of the namespace, as far as it matters here. */
export interface XfrmPolicy {
  readonly direction: XfrmDirection;
  readonly source: IpRange;
  readonly destination: IpRange;
  /** Index of the one device whose packets it is for, by which they came or are about to leave; 0: of all. */
  readonly device: number;
  /** Lower is asked first. */
  readonly priority: number;
  readonly blocks: boolean;
  /** The kernel's number for it. */
  readonly index: number;
}

export type WantPolicy = Omit<XfrmPolicy, 'index'>;

/** The payload of XFRM_MSG_UPDPOLICY: whatever the policy matches is dropped, or passes as it is. */
export function policyPayload(policy: WantPolicy): Buffer {
  const { direction, priority, blocks } = policy;
  const bytes = Buffer.alloc(POLICY);
  writeSelector(bytes, policy);
  writeForever(bytes, LIFETIME);
  bytes.writeUInt32LE(priority, PRIORITY);
  bytes.writeUInt8(xfrmDirections.indexOf(direction), DIRECTION);
  bytes.writeUInt8(blocks ? BLOCK : ALLOW, ACTION);
  return bytes;
}

/** The payload of XFRM_MSG_DELPOLICY, by the kernel's number: selectors may be shared by policies of others. */
export function dropPayload(policy: XfrmPolicy): Buffer {
  const bytes = Buffer.alloc(POLICY_ID);
  writeSelector(bytes, policy);
  bytes.writeUInt32LE(policy.index, SELECTOR);
  bytes.writeUInt8(xfrmDirections.indexOf(policy.direction), SELECTOR + 4);
  return bytes;
}

/** Reads a struct xfrm_userpolicy_info; undefined for one that is too short, or of a kind that is not known here. */
export function parsePolicy(data: Buffer): XfrmPolicy | undefined {
  if (data.length < POLICY) return undefined;
  const direction = xfrmDirections[data.readUInt8(DIRECTION)];
  const family = data.readUInt16LE(40);
  if (direction === undefined || (family !== FAMILY.INET && family !== FAMILY.INET6)) return undefined;
  const length = family === FAMILY.INET ? 4 : 16;
  const destination = ipFromBytes(data.subarray(0, length));
  const source = ipFromBytes(data.subarray(16, 16 + length));
  if (destination === undefined || source === undefined) return undefined;
  return {
    direction,
    destination: { base: destination, prefix: data.readUInt8(42) },
    source: { base: source, prefix: data.readUInt8(43) },
    device: data.readInt32LE(DEVICE),
    priority: data.readUInt32LE(PRIORITY),
    blocks: data.readUInt8(ACTION) === BLOCK,
    index: data.readUInt32LE(INDEX),
  };
}

function writeSelector(bytes: Buffer, { source, destination, device }: WantPolicy): void {
  bytes.set(ipBytes(destination.base), 0);
  bytes.set(ipBytes(source.base), 16);
  bytes.writeUInt16LE(familyOf(destination.base), 40);
  bytes.writeUInt8(destination.prefix, 42);
  bytes.writeUInt8(source.prefix, 43);
  bytes.writeInt32LE(device, DEVICE);
}

/** No limit of bytes or packets; 0 is none for seconds. */
function writeForever(bytes: Buffer, at: number): void {
  bytes.fill(0xff, at, at + 32);
}

/** Everything of a family. */
export function anyRange(like: Ip): IpRange {
  return { base: anyOf(familyOf(like)), prefix: 0 };
}

/**
 * A state of ESP with AES-GCM, from this host to itself, for XFRM_MSG_NEWSA: the kernel takes it only if it can do ESP.
 * @param key 20 bytes (key and salt)
 */
export function trialState(spi: number, key: Uint8Array): Buffer {
  const bytes = Buffer.alloc(STATE);
  const loopback = Uint8Array.of(127, 0, 0, 1);
  bytes.writeUInt16LE(FAMILY.INET, 40);
  bytes.set(loopback, SELECTOR);
  bytes.writeUInt32BE(spi, SELECTOR + 16);
  bytes.writeUInt8(ESP, SELECTOR + 20);
  bytes.set(loopback, SELECTOR + 24);
  writeForever(bytes, SELECTOR + 40);
  bytes.writeUInt16LE(FAMILY.INET, 212);
  bytes.writeUInt8(TUNNEL, 214);
  const algorithm = Buffer.alloc(72 + key.length); // struct xfrm_algo_aead: name, bits of the key, bits of the check value
  algorithm.write('rfc4106(gcm(aes))');
  algorithm.writeUInt32LE(key.length * 8, 64);
  algorithm.writeUInt32LE(128, 68);
  algorithm.set(key, 72);
  return new Payload(bytes).bytes(ATTR.AEAD, algorithm).finish();
}

/** For XFRM_MSG_DELSA. */
export function trialStateId(spi: number): Buffer {
  const bytes = Buffer.alloc(STATE_ID);
  bytes.set(Uint8Array.of(127, 0, 0, 1), 0);
  bytes.writeUInt32BE(spi, 16);
  bytes.writeUInt16LE(FAMILY.INET, 20);
  bytes.writeUInt8(ESP, 22);
  return bytes;
}
