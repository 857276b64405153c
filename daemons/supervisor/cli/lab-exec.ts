// `corral lab exec HOST -- CMD`
import { spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import { labEnvironment } from '../lab/environment.ts';
import { spaceOf } from '../lab/lab-file.ts';
import { findHost, switchName } from '../lab/plan-lab.ts';
import { enter } from '../lab/spaces.ts';
import type { Command } from './command.ts';
import { nameOption, openNamedLab } from './lab-options.ts';

export const command: Command = {
  spec: {
    name: 'lab exec',
    positionals: ['HOST[/CONTAINER]'],
    rest: 'CMD',
    options: { name: nameOption },
    about:
      'Runs a program on a host of the lab (corral is one: it talks to the suite of that host), or in a container there.\n' +
      'On `switch`: in the world outside, where etcd runs. Without a program: a shell. The exit code is the program’s.',
    example: 'corral lab exec h1 -- corral status',
  },
  async run(args) {
    const lab = openNamedLab(args);
    const [name = '', container] = args.positionals[0]!.split('/');
    const root = name === switchName ? undefined : findHost(lab.plan, name).root;
    const words = args.rest.length > 0 ? args.rest : ['sh'];
    const [program = '', ...rest] = [...enter(spaceOf(lab, name), container), ...words];
    const { status, signal, error } = spawnSync(program, rest, { stdio: 'inherit', env: labEnvironment(root) });
    if (error) throw new SuiteError('COMMAND_FAILED', `run ${words.join(' ')} on ${name}`, { cause: error });
    return status ?? (signal ? 128 + constants.signals[signal] : exitCodes.failed);
  },
};
