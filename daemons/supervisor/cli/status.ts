// `corral status`: how every daemon is; asks the daemons themselves when no supervisor answers.
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { hasCode } from '../../shared/model/errors.ts';
import { callJson } from '../../shared/source/call.ts';
import type { SuiteStatus } from '../describe-status.ts';
import { type Command, jsonOption } from './command.ts';
import { socketOf, suitePaths } from './paths.ts';
import { renderStatus } from './render-status.ts';

const waitMs = 3_000;

export const command: Command = {
  spec: {
    name: 'status',
    positionals: [],
    options: { json: jsonOption },
    about:
      'Tells how every daemon of the suite is, and what to do where something is wrong.\n' +
      'Exit code 0 when all are ready or degraded (something outside is missing), 3 when one is not ready.',
    example: 'corral status --json',
  },
  async run(args) {
    const suite = await ask();
    const running = suite.daemons.some(({ pid }) => pid !== null);
    if (args.flag('json')) console.log(JSON.stringify(suite));
    else if (running) process.stdout.write(renderStatus(suite));
    else console.log('corral is not running. Start it with: corral up');
    return suite.state === 'unready' ? exitCodes.notReady : exitCodes.done;
  },
};

/** Daemons without a supervisor may all be ready; nobody would start them again, so the suite is degraded then. */
async function ask(): Promise<SuiteStatus> {
  try {
    return await callJson<SuiteStatus>(socketOf('supervisor'), '/v1/status', { timeoutMs: waitMs });
  } catch (error) {
    if (!hasCode(error, 'NOT_RUNNING', 'DEADLINE')) throw error;
    const [{ askDaemons }, { daemonTable }] = await Promise.all([import('../ask-daemons.ts'), import('../table.ts')]);
    return askDaemons(suitePaths(), daemonTable, waitMs);
  }
}
