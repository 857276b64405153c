// overlay: keeps the tunnels to the other hosts, and tells which of them answer. See README.md.
import { type DaemonContext, type RunningDaemon, runDaemon } from '../shared/daemon/life.ts';
import { tellMetadata } from '../shared/daemon/tell-metadata.ts';
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
