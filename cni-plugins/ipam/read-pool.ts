// Where the addresses of a network come from: the ranges that its configuration carries, else the host's block, else the
// subnet of its bridge, else nothing but the addresses asked for.
import type { IpamConf } from './ipam-conf.ts';
import { type Pool, poolOfAddresses, poolOfBlock, poolOfSubnet } from './pool.ts';
import { blockMissing, readBlockIfPresent } from './read-block.ts';

/** @throws SuiteError BLOCK_MISSING naming the file, or CONFIG_INVALID if it is damaged. */
export function readPool(blocks: string, conf: IpamConf): Pool {
  const { network, sets, bridgeSubnet, prefixSize, requested } = conf;
  if (sets.length > 0) return { network, sets, block: undefined };
  const block = readBlockIfPresent(blocks, network);
  if (block) return poolOfBlock(block);
  if (bridgeSubnet) {
    const { subnet, address } = bridgeSubnet;
    return poolOfSubnet(network, subnet, address, prefixSize ?? subnet.prefix);
  }
  const whole = requested.flatMap(({ address, prefix = prefixSize }) =>
    prefix === undefined ? [] : [{ address, prefix }],
  );
  if (whole.length === 0 || whole.length < requested.length) throw blockMissing(blocks, network);
  return poolOfAddresses(network, whole);
}
