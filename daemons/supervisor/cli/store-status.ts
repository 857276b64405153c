// `corral store status`
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { callJson } from '../../shared/source/call.ts';
import { type Command, jsonOption } from './command.ts';
import { socketOf } from './paths.ts';
import { renderStore, type StoreStatus } from './render-cluster.ts';

export const command: Command = {
  spec: {
    name: 'store status',
    positionals: [],
    options: { json: jsonOption },
    about: 'Tells which store this host uses and whether it is reached. Exit code 3 when it is not.',
    example: 'corral store status --json',
  },
  async run(args) {
    const store = await callJson<StoreStatus>(socketOf('metadata'), '/v1/store', { timeoutMs: 10_000 });
    process.stdout.write(args.flag('json') ? `${JSON.stringify(store)}\n` : renderStore(store));
    return store.connected ? exitCodes.done : exitCodes.notReady;
  },
};
