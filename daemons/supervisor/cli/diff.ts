// `corral diff`: what the suite would change on this host now.
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { callJson } from '../../shared/source/call.ts';
import { type Command, jsonOption } from './command.ts';
import { socketOf } from './paths.ts';
import { type Difference, renderDifference } from './render-difference.ts';

export const command: Command = {
  spec: {
    name: 'diff',
    positionals: [],
    options: { json: jsonOption },
    about:
      'Compares what is wanted on this host with what there is, for every keeper, and changes nothing.\n' +
      'Differences go by themselves within seconds; one that stays is explained by corral status.',
    example: 'corral diff',
  },
  async run(args) {
    const difference = await callJson<Difference>(socketOf('network-manager'), '/v1/diff', { timeoutMs: 20_000 });
    process.stdout.write(args.flag('json') ? `${JSON.stringify(difference)}\n` : renderDifference(difference));
    return exitCodes.done;
  },
};
