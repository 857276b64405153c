// `corral diff`: what the suite would change on this host now.
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { hasCode } from '../../shared/model/errors.ts';
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
    const [own, overlay] = await Promise.all([differenceOf('network-manager'), overlayDifference()]);
    const difference: Difference = { keepers: [...own.keepers, ...overlay.keepers] };
    process.stdout.write(args.flag('json') ? `${JSON.stringify(difference)}\n` : renderDifference(difference));
    return exitCodes.done;
  },
};

function differenceOf(daemon: 'network-manager' | 'overlay'): Promise<Difference> {
  return callJson<Difference>(socketOf(daemon), '/v1/diff', { timeoutMs: 20_000 });
}

/** A host alone does without the overlay. */
async function overlayDifference(): Promise<Difference> {
  try {
    return await differenceOf('overlay');
  } catch (error) {
    if (hasCode(error, 'NOT_RUNNING')) return { keepers: [] };
    throw error;
  }
}
