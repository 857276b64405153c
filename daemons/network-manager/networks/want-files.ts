// Pure: the files of a network: its block for the CNI plugins, its configuration for runtimes that call them.
import { renderBlockFile } from '../../../cni-plugins/ipam/block-file.ts';
import type { Paths } from '../../shared/model/paths.ts';
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

export function wantFiles(network: WantNetwork, mtu: number, paths: Pick<Paths, 'blocks' | 'cniConf'>): WantFile[] {
  const { name, subnet, cidrs, gateway, bridge } = network;
  const block = renderBlockFile({ network: name, subnet, cidrs, gateway, bridge, mtu });
  return [
    { path: blockPath(paths, name), body: block, folderMode: 0o700 },
    { path: conflistPath(paths, name), body: renderConflist(name), folderMode: 0o700 },
  ];
}

/**
 * CNI specification 1.0.0, section 1. Addresses, bridge and MTU are not in it: the plugins take them from the block file, so
 * that a change needs no new configuration of each runtime. `generatedBy` marks the file as ours; runtimes pass it over.
 */
function renderConflist(network: string): string {
  const bridge = {
    type: 'corral-bridge',
    ipam: { type: 'corral-ipam' },
    capabilities: { portMappings: true, ips: true, mac: true },
  };
  const list = { cniVersion: '1.0.0', name: network, generatedBy: marker, plugins: [bridge] };
  return `${JSON.stringify(list, undefined, 2)}\n`;
}

const marker = 'corral';

/** False for a file that a person put in our place, or took over by removing the mark: it is theirs. */
export function isOwnConflist(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'generatedBy' in value && value.generatedBy === marker;
  } catch {
    return false;
  }
}
