// A daemon that does nothing but live: ready at once, with the life that real ones have. SIGUSR2 blocks its event loop for a
// minute.
import { runDaemon } from '../../../daemons/shared/daemon/life.ts';
import type { DaemonName } from '../../../daemons/shared/model/paths.ts';

export function runStub(name: DaemonName): Promise<void> {
  return runDaemon(name, async ({ health }) => {
    health.set('self', { ok: true, text: 'lives' });
    process.on('SIGUSR2', blockLoop);
    return { stop: async () => {} };
  });
}

function blockLoop(): void {
  const until = performance.now() + 60_000;
  while (performance.now() < until);
}
