// One library for whoever attaches: Corral's own plugins in this process, or those of others as programs, as the network says.
import type { AttachmentRef, Cni } from '../../../cni-plugins/library.ts';
import { isObject } from '../../../cni-plugins/shared/json.ts';
import type { Snapshot } from '../../shared/model/snapshot.ts';
import { cniFiles, isForeign, isProgramName, type PluginList, parsePluginList } from '../cni-conf/plugin-lists.ts';
import type { ForeignCni, ForeignNetwork } from './foreign-cni.ts';
import { asForeign } from './foreign-lease.ts';

/** An attachment goes the way by which it came, whatever the network is by now. */
export function routedCni(own: Cni, foreign: ForeignCni): Pick<Cni, 'add' | 'del' | 'check'> {
  const isOthers = (ref: AttachmentRef): boolean => asForeign(ref.config) !== undefined;
  return {
    add: (ref) => (foreign.makes(String(ref.config.name)) ? foreign.add(ref) : own.add(ref)),
    del: (ref) => (isOthers(ref) ? foreign.del(ref) : own.del(ref)),
    check: async (ref) => {
      // Only bare namespaces are checked before they are attached again; that those of others are there, the lease says.
      if (!isOthers(ref)) await own.check(ref);
    },
  };
}

/** The networks of the snapshot that other plugins make, with this host's values. */
export function foreignNetworks(snapshot: Snapshot): Map<string, ForeignNetwork> {
  const labels = snapshot.get('host', snapshot.hostId)?.labels ?? {};
  const networks = [...snapshot.all('network')].filter(isForeign);
  return new Map(
    networks.map((network): [string, ForeignNetwork] => {
      const { files, refused } = cniFiles(network, labels);
      const lists = files.map(parsePluginList);
      const fault = lists.find((one) => 'fault' in one);
      if (fault && 'fault' in fault) return [network.name, fault];
      if (refused[0] !== undefined) return [network.name, { fault: `${refused[0]} cannot be a file` }];
      return [network.name, { lists: lists as PluginList[] }];
    }),
  );
}

/** Names of the programs that the networks need, those that give addresses included. */
export function programsOf(networks: ReadonlyMap<string, ForeignNetwork>): Set<string> {
  const lists = [...networks.values()].flatMap((network) => ('lists' in network ? network.lists : []));
  const types = lists.flatMap(({ plugins }) =>
    plugins.flatMap(({ type, ipam }) => [type, isObject(ipam) && ipam.type]),
  );
  return new Set(types.filter(isProgramName));
}
