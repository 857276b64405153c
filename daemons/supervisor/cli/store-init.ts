// `corral store init`
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { callJson } from '../../shared/source/call.ts';
import { type Command, jsonOption } from './command.ts';
import { socketOf } from './paths.ts';

export const command: Command = {
  spec: {
    name: 'store init',
    positionals: [],
    options: { json: jsonOption },
    about:
      'Makes a cluster of the etcd that this host waits at. A host that finds an etcd without a cluster waits for members\n' +
      'that come back (store.joinWait, 60 s), and makes one then; whoever knows that it is new need not wait.',
    example: 'corral store init',
  },
  async run(args) {
    const made = await callJson<{ clusterId: string }>(socketOf('metadata'), '/v1/store/init', {
      method: 'POST',
      body: {},
      timeoutMs: 20_000,
    });
    console.log(args.flag('json') ? JSON.stringify(made) : `made the cluster ${made.clusterId}`);
    return exitCodes.done;
  },
};
