// `corral host trust HOST`
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { callJson } from '../../shared/source/call.ts';
import { type Command, jsonOption } from './command.ts';
import { socketOf } from './paths.ts';

interface Trusted {
  readonly hostId: string;
  readonly name: string;
  readonly identity: string;
}

export const command: Command = {
  spec: {
    name: 'host trust',
    positionals: ['HOST'],
    options: { json: jsonOption },
    about:
      'Accepts the identity that a host shows now, by its name or id, after it was refused: for example since its state\n' +
      'directory was lost (KEY_CHANGED), or since it is new and `overlay.trust` is `listed` (KEY_UNKNOWN). Holds for\n' +
      'this host alone. Compare the identity with what `corral keys ls` says there.',
    example: 'corral host trust node-3',
  },
  async run(args) {
    const query = new URLSearchParams({ host: args.positionals[0]! });
    const told = await callJson<Trusted>(socketOf('overlay'), `/v1/trust?${query}`, { method: 'POST' });
    const identity = told.identity.slice(0, 12);
    console.log(args.flag('json') ? JSON.stringify(told) : `host ${told.name} is trusted with identity ${identity}`);
    return exitCodes.done;
  },
};
