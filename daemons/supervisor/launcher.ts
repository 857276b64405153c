// Which launcher the configuration asks for.
import type { Config } from '../shared/daemon/config.ts';
import { hostContainersAt } from '../shared/effects/docker/host-containers.ts';
import { SuiteError } from '../shared/model/errors.ts';
import type { Paths } from '../shared/model/paths.ts';
import { containerLauncher } from './containers/launch-container.ts';
import { type Launch, processLauncher } from './launch.ts';

const usualSocket = '/var/run/docker.sock';

/**
 * With `launcher: none` nothing is ever launched: the plan of a daemon that is only observed has no such step.
 * @throws SuiteError CONFIG_INVALID
 */
export function openLauncher(config: Config, paths: Paths): Launch {
  if (config.launcher !== 'docker') return processLauncher(paths);
  if (paths.root !== '') {
    throw new SuiteError('CONFIG_INVALID', `use launcher: docker below ${paths.root}`, {
      hint: 'its containers have the paths of the host: leave CORRAL_ROOT away, or take launcher: process',
    });
  }
  const socket = config.engines.find(({ kind }) => kind === 'docker')?.socket ?? usualSocket;
  return containerLauncher({
    engine: hostContainersAt(socket),
    paths,
    images: config.images,
    environment: process.env,
  });
}
