// `corral store export`
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { writeAtomic } from '../../shared/effects/files.ts';
import { answerError, callRaw } from '../../shared/source/call.ts';
import type { Command } from './command.ts';
import { socketOf } from './paths.ts';

export const command: Command = {
  spec: {
    name: 'store export',
    positionals: [],
    options: { to: { type: 'string', value: 'FILE', help: 'write to this file (mode 0600); default: the output' } },
    about:
      'Writes networks, blocks, addresses, hosts, records of containers and declared objects, one JSON object a line.\n' +
      'Secrets and signs of life are left out.',
    example: 'corral store export --to /root/corral.export',
  },
  async run(args) {
    const answer = await callRaw(socketOf('metadata'), '/v1/store/export', { timeoutMs: 60_000 });
    if (answer.status >= 400) throw answerError(answer, 'export the store');
    const to = args.one('to');
    if (to === undefined) process.stdout.write(answer.text);
    else {
      writeAtomic(to, answer.text, { mode: 0o600, sync: true });
      console.log(`wrote ${answer.text.split('\n').length - 2} keys to ${to}`);
    }
    return exitCodes.done;
  },
};
