// Pure: checks what a host tells of its secret tunnels. Keys reach the kernel and other programs, so they are exactly of the form
// that is expected, or refused; whether the signature is right is asked by who relies on it.
import type { PublicKeys, TunnelObject } from './objects.ts';
import { type Check, type Fields, reader } from './record-fields.ts';
import { isUuid } from './uuid.ts';

/** Of an X25519 key, and of a raw Ed25519 one. */
const rawBytes = 32;
const signatureBytes = 64;
/** The smallest is Ed25519's; RSA of 4,096 bits has 550. */
const spkiBytes = { least: 44, most: 1_024 };
const mostKeys = 2;
/** Hosts that announce new keys at one time; further ones are waited for a little longer. */
export const mostReady = 64;

export function parseTunnel(fields: Fields): TunnelObject {
  const field = reader('tunnel', fields);
  const id = field('id', isId);
  return {
    kind: 'tunnel',
    id,
    hostId: field('hostId', (value): value is string => value === id),
    identity: field('identity', isRawKey),
    serial: field('serial', isSerial),
    ...(fields.wireguard === undefined ? {} : { wireguard: parseWireguard(field('wireguard', isWireguard)) }),
    ...(fields.ipsec === undefined ? {} : { ipsec: { keys: field('ipsec', isIpsec).keys } }),
    ...(fields.ready === undefined ? {} : { ready: field('ready', isReady) }),
    signature: field('signature', isSignature),
  };
}

type Wireguard = NonNullable<TunnelObject['wireguard']>;

function parseWireguard({ keys, port }: Wireguard): Wireguard {
  return { keys, port };
}

const isId: Check<string> = (value): value is string => typeof value === 'string' && isUuid(value);
const isSerial: Check<number> = (value): value is number => Number.isSafeInteger(value) && (value as number) >= 1;
const isRawKey: Check<string> = (value): value is string => lengthOf(value) === rawBytes;
const isSignature: Check<string> = (value): value is string => lengthOf(value) === signatureBytes;

/** A DER sequence of a sensible length; what it holds is asked by whoever uses it. */
const isSpki: Check<string> = (value): value is string => {
  const length = lengthOf(value);
  return length !== undefined && length >= spkiBytes.least && length <= spkiBytes.most && String(value).startsWith('M');
};

const isWireguard: Check<Wireguard> = (value): value is Wireguard => {
  const { keys, port } = fieldsOf(value);
  return isKeys(keys, isRawKey) && Number.isInteger(port) && (port as number) >= 1 && (port as number) <= 65_535;
};

const isIpsec: Check<{ keys: PublicKeys }> = (value): value is { keys: PublicKeys } =>
  isKeys(fieldsOf(value).keys, isSpki);

const isReady: Check<Record<string, number>> = (value): value is Record<string, number> => {
  const entries = Object.entries(fieldsOf(value));
  return entries.length <= mostReady && entries.every(([host, serial]) => isUuid(host) && isSerial(serial));
};

function isKeys(value: unknown, isKey: Check<string>): value is PublicKeys {
  if (!Array.isArray(value) || value.length === 0 || value.length > mostKeys) return false;
  return value.every(isKey) && new Set(value).size === value.length;
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

/** Of the bytes; undefined unless it is base64 as everybody writes it: one text for one key. */
function lengthOf(value: unknown): number | undefined {
  if (typeof value !== 'string' || value.length > 2_048) return undefined;
  const bytes = Buffer.from(value, 'base64');
  return bytes.toString('base64') === value ? bytes.length : undefined;
}
