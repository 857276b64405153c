// The state of the suite, from the supervisor, or from the daemons themselves when none answers.
import { hasCode } from '../shared/model/errors.ts';
import { daemonSocket, type Paths } from '../shared/model/paths.ts';
import { callJson } from '../shared/source/call.ts';
import type { SuiteStatus } from './describe-status.ts';

/** Daemons without a supervisor may all be ready; nobody would start them again, so the suite is degraded then. */
export async function askSuite(paths: Paths, waitMs: number): Promise<SuiteStatus> {
  try {
    return await callJson<SuiteStatus>(daemonSocket(paths, 'supervisor'), '/v1/status', { timeoutMs: waitMs });
  } catch (error) {
    if (!hasCode(error, 'NOT_RUNNING', 'DEADLINE')) throw error;
    const [{ askDaemons }, { daemonTable }] = await Promise.all([import('./ask-daemons.ts'), import('./table.ts')]);
    return askDaemons(paths, daemonTable, waitMs);
  }
}
