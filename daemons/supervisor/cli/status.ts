// `corral status`: how every daemon is; asks the daemons themselves when no supervisor answers.
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { askSuite } from '../ask-suite.ts';
import { viewCluster } from './cluster-view.ts';
import { type Command, jsonOption } from './command.ts';
import { suitePaths } from './paths.ts';
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
    const [suite, { store, peers }] = await Promise.all([askSuite(suitePaths(), waitMs), viewCluster(waitMs)]);
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
