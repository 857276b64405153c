// Reads the host's share of a network.
import { join } from 'node:path';
import { readTextIfPresent } from '../../daemons/shared/effects/files.ts';
import { SuiteError } from '../../daemons/shared/model/errors.ts';
import { type BlockFile, parseBlockFile } from './block-file.ts';

/**
 * The block of a network from `<blocks>/<network>.json`.
 * @throws SuiteError BLOCK_MISSING (CNI code 11: the runtime tries again) naming the file, or CONFIG_INVALID if it is damaged.
 */
export function readBlock(blocks: string, network: string): BlockFile {
  const path = join(blocks, `${network}.json`);
  const text = readTextIfPresent(path);
  if (text === undefined) {
    throw new SuiteError('BLOCK_MISSING', `read ${path}: this host has no block of network ${network} yet`, {
      hint: 'network-manager writes it once the store has given this host a block; see `corral status`',
    });
  }
  const block = parseBlockFile(text);
  if (block?.network !== network)
    throw new SuiteError('CONFIG_INVALID', `read ${path}: not a block of network ${network}`);
  return block;
}
