// `corral lab rm HOST NAME`
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { dropContainer } from '../lab/containers.ts';
import { spaceOf } from '../lab/lab-file.ts';
import { findHost } from '../lab/plan-lab.ts';
import type { Command } from './command.ts';
import { nameOption, openNamedLab } from './lab-options.ts';

export const command: Command = {
  spec: {
    name: 'lab rm',
    positionals: ['HOST', 'NAME'],
    options: { name: nameOption },
    about: 'Ends a container of the lab and takes its address back. One that is not there is no fault.',
    example: 'corral lab rm h1 front',
  },
  async run(args) {
    const lab = openNamedLab(args);
    const [hostName = '', name = ''] = args.positionals;
    await dropContainer(findHost(lab.plan, hostName), spaceOf(lab, hostName), name);
    console.log(`${name} on ${hostName} is removed`);
    return exitCodes.done;
  },
};
