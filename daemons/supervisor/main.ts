// The supervisor as a daemon of its own: its log goes to the standard output. People start it with `corral up`.
import { runDaemon } from '../shared/daemon/life.ts';
import { checkHost } from './preflight.ts';
import { startSupervisor, stopDeadlineMs } from './supervise.ts';

void runDaemon(
  'supervisor',
  async (context) => {
    await checkHost(context.config);
    return startSupervisor(context);
  },
  { stopDeadlineMs },
);
