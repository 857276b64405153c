// `/metrics` of the suite: the supervisor's own and those of every daemon that lives, read over their sockets. However many ask
// at once, each daemon is asked once.
import type { DaemonName } from '../../shared/model/paths.ts';
import { callRaw } from '../../shared/source/call.ts';
import { mergeMetrics } from './merge-metrics.ts';

export interface MetricsSources {
  readonly own: () => Promise<string>;
  /** `alive`: it has a process that speaks; another is not waited for. */
  readonly daemons: () => readonly {
    readonly name: DaemonName;
    readonly socketPath: string;
    readonly alive: boolean;
  }[];
  readonly timeoutMs: number;
}

/** What a daemon may tell; a host with 10,000 ports says a hundredth of that. */
const maxBytes = 4 * 1024 * 1024;

export function metricsCollector(sources: MetricsSources): () => Promise<string> {
  let running: Promise<string> | undefined;
  return () => {
    running ??= collect(sources).finally(() => {
      running = undefined;
    });
    return running;
  };
}

async function collect({ own, daemons, timeoutMs }: MetricsSources): Promise<string> {
  const read = async (socketPath: string): Promise<string | undefined> => {
    const answer = await callRaw(socketPath, '/metrics', { timeoutMs, maxBytes }).catch(() => undefined);
    return answer?.status === 200 ? answer.text : undefined;
  };
  const others = daemons().map(async ({ name, socketPath, alive }) => {
    return { daemon: name, text: alive ? await read(socketPath) : undefined };
  });
  return mergeMetrics([...(await Promise.all(others)), { daemon: 'supervisor', text: await own() }]);
}
