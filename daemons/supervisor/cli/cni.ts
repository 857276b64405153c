// `corral cni install`
import { loadConfig } from '../../shared/daemon/config.ts';
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { builtPlugins } from '../../shared/daemon/installation.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import { isNetworkName } from '../../shared/model/networks.ts';
import type { Paths } from '../../shared/model/paths.ts';
import { installCni } from '../install-cni.ts';
import { type Command, jsonOption } from './command.ts';
import { suitePaths } from './paths.ts';

export const command: Command = {
  spec: {
    name: 'cni',
    positionals: ['install'],
    options: {
      dir: { type: 'string', value: 'DIR', help: 'where the plugins go; default /opt/cni/bin' },
      conf: { type: 'string', value: 'DIR', help: 'where the network configuration goes; default /etc/cni/net.d' },
      network: { type: 'string', value: 'NAME', help: 'the network; default is the default network of corral.yaml' },
      json: jsonOption,
    },
    about:
      'Puts the CNI plugins and the configuration of a network where Podman, containerd, nerdctl and kubelet look for\n' +
      'them. Files change whole or not at all; a second run changes nothing. A configuration that is not Corral’s stays.',
    example: 'corral cni install --network corral',
  },
  async run(args) {
    const action = args.positionals[0];
    if (action !== 'install') {
      throw new SuiteError('USAGE', `run corral cni ${action}`, { hint: 'Did you mean corral cni install?' });
    }
    const paths = suitePaths();
    const network = args.one('network') ?? defaultNetwork(paths);
    if (!isNetworkName(network)) throw new SuiteError('USAGE', `use ${JSON.stringify(network)} as a network’s name`);
    const told = installCni({
      from: builtPlugins,
      dir: args.one('dir') ?? paths.cniBin,
      conf: args.one('conf') ?? `${paths.cniConf}/net.d`,
      network,
    });
    if (args.flag('json')) console.log(JSON.stringify({ network, ...told }));
    else if (told.changed.length === 0)
      console.log(`nothing to do: ${told.unchanged.length} files are as they should be`);
    else for (const path of told.changed) console.log(`wrote ${path}`);
    return exitCodes.done;
  },
};

function defaultNetwork(paths: Paths): string {
  const { networks } = loadConfig(paths.config, process.env);
  return (networks.find((network) => network.default) ?? networks[0])?.name ?? 'corral';
}
