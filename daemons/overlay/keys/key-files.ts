// The files of the key store, in a directory of root's alone: `own.json` holds this host's private keys, `peers.json` the
// identities that other hosts were seen with. Both change whole or not at all, and survive a power cut.
import { chmodSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ensureDir, readTextIfPresent, sweepDrafts, writeAtomic } from '../../shared/effects/files.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import { isUuid } from '../../shared/model/uuid.ts';
import type { Pin, Pins } from './judge-tunnels.ts';
import { KeyPair, type KeyUse, keyUses } from './key-pair.ts';
import type { OwnKeys } from './own-keys.ts';

/** 16,384 pins of 120 bytes, and some. */
const maxBytes = 8 << 20;
const othersBits = 0o077;

export interface KeyFiles {
  /** undefined: there are none yet. @throws KEY_UNUSABLE: readable by others, left where it is; or damaged, and set aside. */
  readOwn(): OwnKeys | undefined;
  writeOwn(own: OwnKeys): void;
  /** @throws KEY_UNUSABLE if it was damaged; it is set aside then. */
  readPins(): Pins;
  writePins(pins: Pins): void;
}

/** Makes the directory. @param dir below the state directory */
export function openKeyFiles(dir: string): KeyFiles {
  ensureDir(dir, 0o700);
  chmodSync(dir, 0o700);
  sweepDrafts(dir);
  const own = join(dir, 'own.json');
  const peers = join(dir, 'peers.json');
  return {
    readOwn() {
      refuseIfShared(own);
      return readOrSetAside(own, parseOwn);
    },
    writeOwn: (keys) => writeAtomic(own, renderOwn(keys), { mode: 0o600, sync: true }),
    readPins: () => readOrSetAside(peers, parsePins) ?? new Map(),
    writePins: (pins) =>
      writeAtomic(peers, `${JSON.stringify(Object.fromEntries(pins))}\n`, { mode: 0o600, sync: true }),
  };
}

/** Keys that somebody else may have read are not used, and not thrown away either: only a person can tell what happened. */
function refuseIfShared(path: string): void {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat || ((stat.mode & othersBits) === 0 && stat.uid === process.geteuid?.())) return;
  throw new SuiteError('KEY_UNUSABLE', `use the keys in ${path}: others than root can read or write them`, {
    hint: 'chmod 600 (and chown root) if nobody did; otherwise move the file away, and new keys are made',
  });
}

function readOrSetAside<T>(path: string, parse: (text: string) => T | undefined): T | undefined {
  const text = readTextIfPresent(path, maxBytes);
  if (text === undefined) return undefined;
  const value = parse(text);
  if (value !== undefined) return value;
  const aside = `${path}.damaged`;
  renameSync(path, aside);
  throw new SuiteError('KEY_UNUSABLE', `read ${path}: it is damaged, and was kept as ${aside}`);
}

type Fields = Readonly<Record<string, unknown>>;

function renderOwn({ identity, serial, pairs }: OwnKeys): string {
  const secret = (pair: KeyPair): string => pair.privatePkcs8().toString('base64');
  const lists = Object.entries(pairs).map(([use, list]) => [use, list.map(secret)] as const);
  return `${JSON.stringify({ serial, identity: secret(identity), ...Object.fromEntries(lists) })}\n`;
}

/** undefined unless all of it is well-formed. Never an error that quotes it. */
function parseOwn(text: string): OwnKeys | undefined {
  try {
    const { serial, identity, ...rest } = fieldsOf(text);
    if (!isCount(serial) || typeof identity !== 'string') return undefined;
    const pairs: Partial<Record<KeyUse, readonly KeyPair[]>> = {};
    for (const use of keyUses) {
      const list = rest[use];
      if (list === undefined) continue;
      if (!Array.isArray(list) || list.length === 0 || list.length > 2) return undefined;
      pairs[use] = list.map((one) => KeyPair.read(use, String(one)));
    }
    return { serial, identity: KeyPair.read('identity', identity), pairs };
  } catch {
    return undefined;
  }
}

function parsePins(text: string): Pins | undefined {
  try {
    return new Map(
      Object.entries(fieldsOf(text)).map(([host, pin]): [string, Pin] => {
        const { identity, serial } = pin as Fields;
        if (!isUuid(host) || typeof identity !== 'string' || !isCount(serial)) throw new TypeError('no pin');
        return [host, { identity, serial }];
      }),
    );
  } catch {
    return undefined;
  }
}

function fieldsOf(text: string): Fields {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('no object');
  return value as Fields;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}
