// The real supervisor over stub daemons, with limits from its arguments: `supervisor.ts <silenceMs> <startMs> <stopMs>`.
import { runDaemon } from '../../../daemons/shared/daemon/life.ts';
import { usualLimits } from '../../../daemons/supervisor/child.ts';
import { startSupervisor } from '../../../daemons/supervisor/supervise.ts';
import type { DaemonSpec } from '../../../daemons/supervisor/table.ts';

const [silenceMs = 15_000, startMs = 15_000, stopMs = 6_000] = process.argv.slice(2).map(Number);
const table = (['metadata', 'network-manager', 'dns', 'overlay'] as const).map((name): DaemonSpec => {
  return { name, enabled: true, main: new URL(`./${name}.ts`, import.meta.url).pathname };
});

await runDaemon('supervisor', (context) =>
  startSupervisor(context, { table, limits: { ...usualLimits, silenceMs, startMs, stopMs } }),
);
