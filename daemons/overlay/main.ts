// overlay: keeps the tunnels to the other hosts, and tells which of them answer. See README.md.
import { type DaemonContext, type RunningDaemon, runDaemon } from '../shared/daemon/life.ts';
import type { SuiteError } from '../shared/model/errors.ts';
import { daemonSocket } from '../shared/model/paths.ts';
import { watchSnapshot } from '../shared/source/watch.ts';
import { startOverlay } from './start-overlay.ts';

void runDaemon('overlay', start);

async function start(context: DaemonContext): Promise<RunningDaemon> {
  const overlay = startOverlay(context);
  const watch = watchSnapshot({
    socketPath: daemonSocket(context.paths, 'metadata'),
    kinds: ['network', 'block', 'host', 'container', 'tunnel'],
    onSnapshot: (snapshot, change) => overlay.onSnapshot(snapshot, change),
    onState: (fault) => tellMetadata(context, fault),
  });
  return {
    async stop() {
      watch.close();
      await overlay.stop();
    },
  };
}

/** Without metadata the last snapshot is used: the tunnels stay as they are. */
function tellMetadata(context: DaemonContext, fault: SuiteError | undefined): void {
  const changed = context.health.set('metadata', {
    ok: !fault,
    degradesOnly: true,
    text: fault?.message ?? 'follows the snapshot',
    ...(fault && { code: fault.code }),
  });
  if (!changed) return;
  if (fault) context.log.warn({ event: 'metadata.lost', error: fault }, 'metadata is away; the last snapshot is used');
  else context.log.info({ event: 'metadata.connected' }, 'follows the snapshot');
}
