// `corral host rm HOST`
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { callJson } from '../../shared/source/call.ts';
import { type Command, jsonOption } from './command.ts';
import { socketOf } from './paths.ts';

interface Removed {
  readonly removed: { readonly id: string; readonly name: string };
  readonly blocks: readonly string[];
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export const command: Command = {
  spec: {
    name: 'host rm',
    positionals: ['HOST'],
    options: { json: jsonOption },
    about:
      'Removes a host that is gone for good, by its name or id: its containers, blocks and routes go everywhere, and its\n' +
      'blocks are free for others. A host that is alive is refused. Without this a host’s blocks are kept for 7 days.',
    example: 'corral host rm node-3',
  },
  async run(args) {
    const host = args.positionals[0]!;
    const query = new URLSearchParams(uuid.test(host) ? { id: host } : { name: host });
    const told = await callJson<Removed>(socketOf('metadata'), `/v1/hosts?${query}`, {
      method: 'DELETE',
      timeoutMs: 10_000,
    });
    const freed = told.blocks.length > 0 ? `; free now: ${told.blocks.join(', ')}` : '';
    console.log(args.flag('json') ? JSON.stringify(told) : `host ${told.removed.name} is removed${freed}`);
    return exitCodes.done;
  },
};
