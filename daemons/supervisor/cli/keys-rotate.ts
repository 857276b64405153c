// `corral keys rotate`
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { callJson } from '../../shared/source/call.ts';
import { type Command, jsonOption } from './command.ts';
import { socketOf } from './paths.ts';

interface Rotation {
  readonly serial: number;
  readonly waitsFor: readonly string[];
}

export const command: Command = {
  spec: {
    name: 'keys rotate',
    positionals: [],
    options: { json: jsonOption },
    about:
      'Makes new keys for the secret tunnels of this host: announces them, and uses them as soon as all other hosts are ready,\n' +
      'at latest after `overlay.keyGrace` seconds. The former ones are then forgotten. A host that was away joins again.',
    example: 'corral keys rotate',
  },
  async run(args) {
    const told = await callJson<Rotation>(socketOf('overlay'), '/v1/keys/rotate', { method: 'POST' });
    const names = told.waitsFor.slice(0, 5).join(', ');
    const rest = told.waitsFor.length > 5 ? ` and ${told.waitsFor.length - 5} more` : '';
    const waits = told.waitsFor.length > 0 ? `announced to ${names}${rest}` : 'announced; nobody has to be waited for';
    console.log(args.flag('json') ? JSON.stringify(told) : `new keys are ${waits}`);
    return exitCodes.done;
  },
};
