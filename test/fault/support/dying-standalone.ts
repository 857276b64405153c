// The standalone plugins, but they kill themselves after the step that DIE_AFTER names.
import { readFileSync, writeSync } from 'node:fs';
import { createCni } from '../../../cni-plugins/library.ts';
import { pathsBelow } from '../../../daemons/shared/model/paths.ts';

const cni = createCni({
  paths: pathsBelow(process.env.CORRAL_ROOT ?? ''),
  afterStep: (name) => {
    if (name === process.env.DIE_AFTER) process.kill(process.pid, 'SIGKILL');
  },
});
const reply = await cni.handle({ program: 'corral-bridge', env: process.env, stdin: readFileSync(0, 'utf8') });
writeSync(1, reply.stdout);
cni.close();
process.exitCode = reply.exitCode;
