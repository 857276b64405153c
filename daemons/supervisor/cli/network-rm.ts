// `corral network rm NAME`
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { callJson } from '../../shared/source/call.ts';
import { type Command, jsonOption } from './command.ts';
import { socketOf } from './paths.ts';

export const command: Command = {
  spec: {
    name: 'network rm',
    positionals: ['NAME'],
    options: { json: jsonOption },
    about:
      'Removes a network from the cluster, with its blocks. One that has containers, is the default network or still\n' +
      'stands in a host’s corral.yaml is refused.',
    example: 'corral network rm back',
  },
  async run(args) {
    const name = args.positionals[0]!;
    const path = `/v1/networks?name=${encodeURIComponent(name)}`;
    const told = await callJson<object>(socketOf('metadata'), path, { method: 'DELETE', timeoutMs: 10_000 });
    console.log(args.flag('json') ? JSON.stringify(told) : `network ${name} is removed`);
    return exitCodes.done;
  },
};
