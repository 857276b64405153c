// `corral store migrate`
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { callJson } from '../../shared/source/call.ts';
import { type Command, jsonOption } from './command.ts';
import { socketOf } from './paths.ts';

interface Migrated {
  readonly clusterId: string;
  readonly networks: number;
  readonly blocks: number;
  readonly addresses: number;
  readonly declared: number;
  readonly records: number;
  readonly next: string;
}

export const command: Command = {
  spec: {
    name: 'store migrate',
    positionals: [],
    options: {
      endpoint: {
        type: 'string',
        value: 'URL',
        multiple: true,
        help: 'member of etcd; default: store: of corral.yaml',
      },
      json: jsonOption,
    },
    about:
      'Copies what this host keeps in its own file into an etcd that holds no cluster yet: the same cluster, blocks and\n' +
      'addresses; containers do not notice. Afterwards set store.kind: etcd in corral.yaml and restart metadata.',
    example: 'corral store migrate --endpoint http://192.0.2.1:2379',
  },
  async run(args) {
    const endpoints = args.all('endpoint');
    const told = await callJson<Migrated>(socketOf('metadata'), '/v1/store/migrate', {
      body: endpoints.length > 0 ? { endpoints } : {},
      timeoutMs: 60_000,
    });
    const { networks, blocks, addresses, declared, records } = told;
    const moved = `${networks} networks, ${blocks} blocks, ${addresses} addresses, ${declared} declared, ${records} records`;
    console.log(args.flag('json') ? JSON.stringify(told) : `moved ${moved}\nnext: ${told.next}`);
    return exitCodes.done;
  },
};
