// `corral lab fault ACTION [HOST] [DAEMON]`
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { makeFault } from '../lab/faults.ts';
import type { Command } from './command.ts';
import { nameOption, openNamedLab } from './lab-options.ts';

export const command: Command = {
  spec: {
    name: 'lab fault',
    positionals: ['ACTION', '[HOST]', '[DAEMON]'],
    options: { name: nameOption },
    about:
      'cut HOST, heal HOST       its cable at the switch; the host itself does not notice\n' +
      'kill HOST [DAEMON]        kill -9; a single daemon is started again by the supervisor\n' +
      'pause HOST [DAEMON]       the processes stand still (SIGSTOP)\n' +
      'resume HOST [DAEMON]      they go on; a suite that was killed is started again\n' +
      'stop-store, start-store   etcd; its data stay\n' +
      'pause-store, resume-store\n' +
      'empty-store               etcd begins anew with nothing',
    example: 'corral lab fault cut h2',
  },
  async run(args) {
    const [action = '', host, daemon] = args.positionals;
    console.log(await makeFault(openNamedLab(args), { action, host, daemon }));
    return exitCodes.done;
  },
};
