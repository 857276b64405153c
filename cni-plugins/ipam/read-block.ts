// Reads the host's share of a network.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { readTextIfPresent } from '../../daemons/shared/effects/files.ts';
import { SuiteError } from '../../daemons/shared/model/errors.ts';
import { type BlockFile, parseBlockFile } from './block-file.ts';

interface Known {
  readonly identity: string;
  readonly block: BlockFile;
}

/** By path: every ADD reads its block, and the file changes once in a host's life. It is replaced whole, by another inode. */
const known = new Map<string, Known>();
const mostKnown = 256;

/**
 * The block of a network from `<blocks>/<network>.json`; undefined if there is none.
 * @throws SuiteError CONFIG_INVALID if it is damaged.
 */
export function readBlockIfPresent(blocks: string, network: string): BlockFile | undefined {
  const path = join(blocks, `${network}.json`);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return undefined;
  const identity = `${stat.ino} ${stat.mtimeMs} ${stat.ctimeMs} ${stat.size}`;
  const before = known.get(path);
  if (before?.identity === identity) return before.block;
  const block = parseBlockFile(readTextIfPresent(path) ?? '');
  if (block?.network !== network)
    throw new SuiteError('CONFIG_INVALID', `read ${path}: not a block of network ${network}`);
  if (known.size >= mostKnown) known.clear();
  known.set(path, { identity, block });
  return block;
}

/** The failure of a network that has neither block nor ranges: CNI code 11, the runtime tries again. */
export function blockMissing(blocks: string, network: string): SuiteError {
  const path = join(blocks, `${network}.json`);
  return new SuiteError('BLOCK_MISSING', `read ${path}: this host has no block of network ${network} yet`, {
    hint: 'network-manager writes it once the store has given this host a block; see `corral status`',
  });
}
