// `corral doctor`: looks for what is wrong on this host and around it, and changes nothing.
import { hostname } from 'node:os';
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { requireRoot } from '../../shared/daemon/life.ts';
import { version } from '../../shared/daemon/version.ts';
import { runChecks } from '../doctor/run-checks.ts';
import { Scene } from '../doctor/scene.ts';
import { checks } from '../doctor/table.ts';
import { type Command, jsonOption } from './command.ts';
import { suitePaths } from './paths.ts';
import { type Diagnosis, renderDiagnosis } from './render-diagnosis.ts';

export const command: Command = {
  spec: {
    name: 'doctor',
    positionals: [],
    options: { json: jsonOption },
    about:
      `Makes ${checks.length} checks of this host, its daemons, networks and peers, each with what was seen and what to do. Works with any\n` +
      'daemon down, changes nothing, and is done within 15 s. Exit code 0 when none failed, 1 when one did.',
    example: 'corral doctor',
  },
  async run(args) {
    requireRoot();
    const diagnosis = await diagnose();
    process.stdout.write(args.flag('json') ? `${JSON.stringify(diagnosis)}\n` : renderDiagnosis(diagnosis));
    return diagnosis.ok ? exitCodes.done : exitCodes.failed;
  },
};

export async function diagnose(): Promise<Diagnosis> {
  const time = new Date().toISOString();
  const findings = await runChecks(checks, new Scene(suitePaths(), process.env));
  return { ok: findings.every(({ result }) => result !== 'fail'), host: hostname(), version, time, checks: findings };
}
