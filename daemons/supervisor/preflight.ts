// What must hold before anything is started. Each fault is one coded error with a remedy, and nothing is half done.
import { existsSync } from 'node:fs';
import { type Config, loadConfig } from '../shared/daemon/config.ts';
import { requireRoot } from '../shared/daemon/life.ts';
import { tryLockFile } from '../shared/effects/locks.ts';
import { SuiteError } from '../shared/model/errors.ts';
import { daemonLock, type Paths, pathsBelow } from '../shared/model/paths.ts';
import { checkSubnets } from './check-subnets.ts';
import { readHostRoutes } from './host-routes.ts';

export interface Preflight {
  readonly paths: Paths;
  readonly config: Config;
  /** Worth knowing, no obstacle. */
  readonly notes: readonly string[];
}

/** @throws SuiteError for the first thing that forbids a start. */
export async function preflight(environment: NodeJS.ProcessEnv): Promise<Preflight> {
  requireRoot();
  const paths = pathsBelow(environment.CORRAL_ROOT ?? '', environment.CORRAL_CONFIG || undefined);
  const config = loadConfig(paths.config, environment);
  refuseSecond(paths);
  await checkHost(config);
  return { paths, config, notes: notesOn(config) };
}

/** Checks the configuration against the machine. */
export async function checkHost(config: Config): Promise<void> {
  const { routes, devices } = await readHostRoutes();
  checkSubnets(config.networks, routes, devices);
}

/** The lock itself is taken later, by the supervisor's process for its whole life. */
function refuseSecond(paths: Paths): void {
  const path = daemonLock(paths, 'supervisor');
  const lock = existsSync(path) ? tryLockFile(path) : undefined;
  if (existsSync(path) && !lock) {
    throw new SuiteError('ALREADY_RUNNING', `start the suite: another supervisor holds ${path}`, {
      hint: 'see corral status; end the other one with Ctrl-C or systemctl stop corral',
    });
  }
  lock?.release();
}

function notesOn(config: Config): string[] {
  return config.engines
    .filter(({ socket }) => !existsSync(socket))
    .map(({ kind, socket }) => `${kind} is not there (${socket}); its containers are attached once it is`);
}
