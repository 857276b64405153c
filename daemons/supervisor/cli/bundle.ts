// `corral bundle`: one file with the state of this host, for somebody who helps from afar.
import { writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { requireRoot } from '../../shared/daemon/life.ts';
import { errnoOf } from '../../shared/effects/files.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import { makeBundle } from '../bundle/make-bundle.ts';
import type { Command } from './command.ts';
import { diagnose } from './doctor.ts';
import { suitePaths } from './paths.ts';
import { renderDiagnosis } from './render-diagnosis.ts';

export const command: Command = {
  spec: {
    name: 'bundle',
    positionals: [],
    options: { to: { type: 'string', value: 'FILE', help: 'where to write; a name with host and time if not said' } },
    about:
      'Writes status, corral doctor, logs, configuration, rules, routes and devices of this host into one archive (tar.gz).\n' +
      'Keys, passwords and tokens are replaced by [removed]; addresses, names and labels are in it. Works with any daemon down.',
    example: 'corral bundle --to /tmp/corral.tar.gz',
  },
  async run(args) {
    requireRoot();
    const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
    const folder = `corral-${hostname()
      .replace(/[^\w.-]/g, '_')
      .slice(0, 30)}-${time}`;
    const path = resolve(args.one('to') ?? `${folder}.tar.gz`);
    const diagnosis = await diagnose();
    const { bytes, paths } = await makeBundle(suitePaths(), folder, [
      { path: 'doctor.json', kind: 'json', text: JSON.stringify(diagnosis) },
      { path: 'doctor.txt', kind: 'text', text: renderDiagnosis(diagnosis) },
    ]);
    try {
      writeFileSync(path, bytes, { mode: 0o600, flag: 'wx' });
    } catch (cause) {
      const hint =
        errnoOf(cause) === 'EEXIST'
          ? 'it is there already; choose another name'
          : 'choose a folder that can be written';
      throw new SuiteError('FILE_UNREADABLE', `write ${path}: ${errnoOf(cause)}`, { cause, hint });
    }
    console.log(
      `${path}: ${paths.length} files, ${Math.ceil(bytes.length / 1_024)} KB; look it through before you give it away`,
    );
    return exitCodes.done;
  },
};
