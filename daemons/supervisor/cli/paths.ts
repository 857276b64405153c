// Where the suite that a command talks to has its sockets.
import { type DaemonName, daemonSocket, type Paths, pathsBelow } from '../../shared/model/paths.ts';

export function suitePaths(): Paths {
  return pathsBelow(process.env.CORRAL_ROOT ?? '', process.env.CORRAL_CONFIG || undefined);
}

export function socketOf(daemon: DaemonName): string {
  return daemonSocket(suitePaths(), daemon);
}
