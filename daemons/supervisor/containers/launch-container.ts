// `launcher: docker`: starts a daemon as a container, and tells its process and its end as `launch.ts` does for a child. The
// container belongs to the engine, so it lives on when the supervisor dies, and is found again by its socket.
import { constants } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { version } from '../../shared/daemon/version.ts';
import type { HostContainers } from '../../shared/effects/docker/host-containers.ts';
import type { Paths } from '../../shared/model/paths.ts';
import type { ProcessId } from '../child.ts';
import type { Launch } from '../launch.ts';
import { lastPlainLineOf } from '../log-files.ts';
import { identify, isRunning } from '../processes.ts';
import { type ContainerPlan, containerName, planContainer } from './plan-container.ts';

export interface ContainerLaunchOptions {
  readonly engine: HostContainers;
  readonly paths: Paths;
  readonly images: ContainerPlan['images'];
  readonly environment: NodeJS.ProcessEnv;
}

const lookMs = 200;

export function containerLauncher({ engine, paths, images, environment }: ContainerLaunchOptions): Launch {
  return {
    logOf: (daemon) => `docker logs ${containerName(daemon)}`,
    async start({ name: daemon }) {
      const places = { configDir: dirname(paths.config), engineRoot: await engine.root() };
      const { pid, ended } = await engine.start(planContainer({ daemon, images, version, places, environment }));
      const process = identify(pid) ?? { pid, startTicks: -1 };
      const end = ended.then((told) => (told ? describeEnd(told) : endOf(process)));
      return { process, end };
    },
  };
}

/** 128 and the signal's number is how an engine tells that a signal killed it. */
export function describeEnd({ exitCode, lastLines }: { exitCode: number; lastLines: string }): string {
  const signal = Object.entries(constants.signals).find(([, number]) => number === exitCode - 128)?.[0];
  if (signal !== undefined) return `was killed by ${signal}`;
  const words = lastPlainLineOf(lastLines);
  return `exited with code ${exitCode}${words ? `: ${words}` : ''}`;
}

/** The engine went away, and may have taken its containers along or not. */
async function endOf(process: ProcessId): Promise<string> {
  while (isRunning(process)) await sleep(lookMs, undefined, { ref: false });
  return 'ended';
}
