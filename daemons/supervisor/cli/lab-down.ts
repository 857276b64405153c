// `corral lab down`
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { takeDown } from '../lab/down.ts';
import { lockLab } from '../lab/lab-file.ts';
import { requireRootForLab } from '../lab/needs.ts';
import type { Command } from './command.ts';
import { nameOption } from './lab-options.ts';

export const command: Command = {
  spec: {
    name: 'lab down',
    positionals: [],
    options: { name: nameOption },
    about:
      'Removes a lab with everything in it, also what a crash or a reboot left. Without a lab there is nothing to do.',
    example: 'corral lab down',
  },
  async run(args) {
    requireRootForLab();
    const name = args.one('name') ?? 'lab';
    const lock = lockLab(name);
    try {
      console.log((await takeDown(name)) ? `lab ${name}: removed` : `lab ${name}: there is none`);
    } finally {
      lock.release();
    }
    return exitCodes.done;
  },
};
