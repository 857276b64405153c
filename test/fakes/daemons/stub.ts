// A daemon that does nothing but live: ready at once, with the life that real ones have.
import { runDaemon } from '../../../daemons/shared/daemon/life.ts';
import type { DaemonName } from '../../../daemons/shared/model/paths.ts';

export function runStub(name: DaemonName): Promise<void> {
  return runDaemon(name, async ({ health }) => {
    health.set('self', { ok: true, text: 'lives' });
    return { stop: async () => {} };
  });
}
