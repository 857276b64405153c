// Pure: the files of a network: its block for the CNI plugins, its configuration for runtimes that call them.
import { renderBlockFile } from '../../../cni-plugins/ipam/block-file.ts';
import { renderConflist } from '../../shared/model/conflist.ts';
import type { Paths } from '../../shared/model/paths.ts';
import type { Reserved } from './reservations.ts';
import type { WantNetwork } from './want-networks.ts';

export interface WantFile {
  readonly path: string;
  readonly body: string;
  /** Permission bits of the folder if it has to be made. */
  readonly folderMode: number;
}

const conflistName = '10-corral.conflist';

export function blockPath(paths: Pick<Paths, 'blocks'>, network: string): string {
  return `${paths.blocks}/${network}.json`;
}

export function conflistPath(paths: Pick<Paths, 'cniConf'>, network: string): string {
  return `${paths.cniConf}/${network}.d/${conflistName}`;
}

/** @param reserved addresses that are somebody's without a lease, and whose */
export function wantFiles(
  network: WantNetwork,
  mtu: number,
  paths: Pick<Paths, 'blocks' | 'cniConf'>,
  reserved: Reserved = new Map(),
): WantFile[] {
  const { name, subnet, cidrs, gateway, bridge, six, flat } = network;
  const ipv6 = six && { cidrs6: six.cidrs, gateway6: six.gateway, subnet6: six.subnet };
  const more = { ...ipv6, ...(flat && { flat }), reserved };
  const block = renderBlockFile({ network: name, subnet, cidrs, gateway, bridge, mtu, ...more });
  return [
    { path: blockPath(paths, name), body: block, folderMode: 0o700 },
    { path: conflistPath(paths, name), body: renderConflist(name), folderMode: 0o700 },
  ];
}
