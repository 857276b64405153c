// `corral restart`: another process of a daemon, started by the supervisor after an orderly end.
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import type { Command } from './command.ts';
import { restartDaemon, suiteStatus } from './restart-daemon.ts';

export const command: Command = {
  spec: {
    name: 'restart',
    positionals: ['[DAEMON]'],
    options: { all: { type: 'boolean', help: 'every daemon, one after the other; not the supervisor' } },
    about:
      'Ends a daemon in order and starts it again, and waits until it is ready. What it made in the kernel stays meanwhile,\n' +
      'so containers keep talking. Needs the supervisor, which is not restarted. Its own new start, systemctl restart corral\n' +
      'or Ctrl-C and corral up, ends every daemon in order as well.',
    example: 'corral restart dns',
  },
  async run(args) {
    const [named] = args.positionals;
    if ((named === undefined) === !args.flag('all')) {
      throw new SuiteError('USAGE', 'choose what to restart', { hint: 'name one daemon, or give --all' });
    }
    const names = named === undefined ? (await suiteStatus()).daemons.map(({ name }) => name) : [named];
    for (const name of names.filter((one) => named !== undefined || one !== 'supervisor')) await restartDaemon(name);
    return exitCodes.done;
  },
};
