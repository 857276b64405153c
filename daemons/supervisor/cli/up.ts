// `corral up`: checks, then becomes the supervisor. The terminal gets lines for people, the log goes to a file.
import type { Config } from '../../shared/daemon/config.ts';
import { runDaemon } from '../../shared/daemon/life.ts';
import { daemonLog, type Paths } from '../../shared/model/paths.ts';
import { openLog } from '../log-files.ts';
import { preflight } from '../preflight.ts';
import { startSupervisor, stopDeadlineMs } from '../supervise.ts';
import { daemonTable, enabledDaemons } from '../table.ts';
import type { Command } from './command.ts';
import { Progress } from './progress.ts';

export const command: Command = {
  spec: {
    name: 'up',
    positionals: [],
    options: {},
    about:
      'Starts the daemons of the suite, or takes over those that run, and keeps them running until Ctrl-C.\n' +
      'What they made in the kernel stays then, so containers keep talking.',
    example: 'CORRAL_LOG_LEVEL=debug corral up',
  },
  async run() {
    const { paths, config, notes } = await preflight(process.env);
    const names = enabledDaemons(daemonTable).map(({ name }) => name);
    const write = (line: string): void => console.log(line);
    const verb = config.launcher === 'none' ? 'watching' : 'starting';
    write(`${verb} ${names.join(', ')}; ${whereLogsAre(config, paths)}`);
    if (config.supervisor.listen !== 'none') write(`the page: http://${config.supervisor.listen}/`);
    for (const note of notes) write(`note: ${note}`);
    const progress = new Progress({
      names,
      write,
      now: () => performance.now(),
      later: (ms, work) => void setTimeout(work, ms).unref(),
    });
    await runDaemon(
      'supervisor',
      (context) =>
        startSupervisor(context, {
          onChange: (before, now) => progress.changed(before, now),
          onStop: (when) => (when === 'begun' ? progress.stopping() : write('corral is down')),
        }),
      { logFd: openLog(daemonLog(paths, 'supervisor')), stopDeadlineMs },
    );
    return 0;
  },
};

function whereLogsAre({ launcher }: Config, { logs }: Paths): string {
  return launcher === 'docker' ? 'logs: docker logs corral-DAEMON' : `logs in ${logs}`;
}
