// `POST /v1/daemons/NAME/restart` of the supervisor: an orderly end and a new start. What the daemon made in the kernel stays.
import type { Route } from '../shared/daemon/http.ts';
import { SuiteError } from '../shared/model/errors.ts';
import type { DaemonName } from '../shared/model/paths.ts';

export interface Restartable {
  readonly name: DaemonName;
  restart(): void;
}

/** Answers at once; `/v1/status` tells when another process is ready. */
export function restartRoute(daemons: readonly Restartable[], launcher: string): Route {
  return {
    method: 'POST',
    path: /^\/v1\/daemons\/([a-z-]+)\/restart$/,
    handle: (http, [, name = '']) => {
      const daemon = daemons.find((one) => one.name === name);
      if (!daemon) {
        const known = daemons.map((one) => one.name).join(', ');
        throw new SuiteError('TARGET_UNKNOWN', `restart ${name}`, { hint: `the supervisor starts ${known}` });
      }
      if (launcher === 'none') {
        throw new SuiteError('CONFIG_DECIDES', `restart ${name} with launcher: none`, {
          hint: 'restart it with the program that started it, for example systemctl restart or docker restart',
        });
      }
      daemon.restart();
      http.status = 202;
      http.body = { name };
    },
  };
}
