// `corral host ls`
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { callJson } from '../../shared/source/call.ts';
import { type Command, jsonOption } from './command.ts';
import { socketOf } from './paths.ts';
import { type HostList, renderHosts } from './render-cluster.ts';

export const command: Command = {
  spec: {
    name: 'host ls',
    positionals: [],
    options: { json: jsonOption },
    about: 'Lists the hosts that the store knows: address, whether they are alive, their blocks and containers.',
    example: 'corral host ls --json',
  },
  async run(args) {
    const list = await callJson<HostList>(socketOf('metadata'), '/v1/hosts', { timeoutMs: 10_000 });
    process.stdout.write(args.flag('json') ? `${JSON.stringify(list)}\n` : renderHosts(list));
    return exitCodes.done;
  },
};
