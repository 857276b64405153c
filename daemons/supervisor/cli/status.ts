// `corral status`: how every daemon is; asks the daemons themselves when no supervisor answers.
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { hasCode } from '../../shared/model/errors.ts';
import { callJson } from '../../shared/source/call.ts';
import type { SuiteStatus } from '../describe-status.ts';
import { viewCluster } from './cluster-view.ts';
import { type Command, jsonOption } from './command.ts';
import { socketOf, suitePaths } from './paths.ts';
import { renderPeers, renderStoreLine } from './render-peers.ts';
import { renderStatus } from './render-status.ts';

const waitMs = 3_000;

export const command: Command = {
  spec: {
    name: 'status',
    positionals: [],
    options: { json: jsonOption },
    about:
      'Tells how every daemon of the suite is, and what to do where something is wrong; in a cluster also how the store\n' +
      'and the other hosts are reached.\n' +
      'Exit code 0 when all are ready or degraded (something outside is missing), 3 when one is not ready.',
    example: 'corral status --json',
  },
  async run(args) {
    const [suite, { store, peers }] = await Promise.all([ask(), viewCluster(waitMs)]);
    const running = suite.daemons.some(({ pid }) => pid !== null);
    if (args.flag('json')) console.log(JSON.stringify({ ...suite, store, peers }));
    else if (!running) console.log('corral is not running. Start it with: corral up');
    else {
      const cluster = (store ? renderStoreLine(store) : '') + renderPeers(peers ?? [], Date.now());
      process.stdout.write(renderStatus(suite) + cluster);
    }
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
