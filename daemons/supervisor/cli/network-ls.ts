// `corral network ls`
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { callJson } from '../../shared/source/call.ts';
import { type Command, jsonOption } from './command.ts';
import { socketOf } from './paths.ts';
import { type NetworkList, renderNetworks } from './render-cluster.ts';

export const command: Command = {
  spec: {
    name: 'network ls',
    positionals: [],
    options: { json: jsonOption },
    about: 'Lists the networks: range, driver, and how many blocks and containers each has.',
    example: 'corral network ls --json',
  },
  async run(args) {
    const list = await callJson<NetworkList>(socketOf('metadata'), '/v1/networks', { timeoutMs: 10_000 });
    process.stdout.write(args.flag('json') ? `${JSON.stringify(list)}\n` : renderNetworks(list));
    return exitCodes.done;
  },
};
