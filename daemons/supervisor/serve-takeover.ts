// `POST /v1/takeover` of the supervisor: it becomes the supervisor of another release, in the same process, so that neither a
// service manager nor a terminal sees an end. The daemons live on, and are taken over.
import { accessSync, constants, statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { type Route, readJson } from '../shared/daemon/http.ts';
import type { DaemonContext } from '../shared/daemon/life.ts';
import { SuiteError } from '../shared/model/errors.ts';

/** Body: `{"command": "/opt/corral/versions/…/bin/corral"}`. Answers, then is gone. */
export function takeoverRoute({ become, log }: Pick<DaemonContext, 'become' | 'log'>): Route {
  return {
    method: 'POST',
    path: /^\/v1\/takeover$/,
    handle: async (http) => {
      const body = (await readJson(http)) as { command?: unknown } | null;
      const command = body?.command;
      if (typeof command !== 'string' || !isProgram(command)) {
        throw new SuiteError('USAGE', `become ${JSON.stringify(command)}`, { hint: 'the path of a corral command' });
      }
      http.status = 202;
      http.body = { command };
      http.res.once('close', () => {
        log.info({ event: 'supervisor.takeover', command }, 'another release takes over');
        become([command, 'up']);
      });
    },
  };
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return isAbsolute(path) && statSync(path).isFile();
  } catch {
    return false;
  }
}
