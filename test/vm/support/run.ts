// `node test/vm/support/run.ts FILE [ARGUMENTS]`: runs a test file, or with `--` a command, in the virtual machine and ends as
// it ended. For developers; tests use inside.ts.
import { resolve } from 'node:path';
import { runMachine } from './machine.ts';
import { nodeCommand, packRelease } from './release.ts';

const [first, ...rest] = process.argv.slice(2);
const seconds = 900;

if (first === undefined) {
  process.stderr.write('usage: node test/vm/support/run.ts FILE [ARGUMENTS] | -- COMMAND [ARGUMENTS]\n');
  process.exit(2);
}
let exitCode = 1;
const release = packRelease();
process.once('exit', release.remove);
await runMachine({
  jobs: [{ command: first === '--' ? rest : nodeCommand(release, resolve(first), ...rest), seconds }],
  hear: (heard) => {
    if (heard.kind === 'text') process.stdout.write(heard.text);
    if (heard.kind === 'end') exitCode = heard.code;
  },
}).catch((error: Error) => process.stderr.write(`${error.message}\n`));
process.exitCode = exitCode;
