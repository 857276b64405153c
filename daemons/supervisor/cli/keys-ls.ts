// `corral keys ls`
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { callJson } from '../../shared/source/call.ts';
import { type Command, jsonOption } from './command.ts';
import { socketOf } from './paths.ts';
import { type KeyReport, renderKeys } from './render-keys.ts';

export const command: Command = {
  spec: {
    name: 'keys ls',
    positionals: [],
    options: { json: jsonOption },
    about:
      'Shows the identity and the public keys of this host, and which hosts are trusted for secret networks. Identities are\n' +
      'shortened to what can be compared by eye.',
    example: 'corral keys ls --json',
  },
  async run(args) {
    const report = await callJson<KeyReport>(socketOf('overlay'), '/v1/keys');
    process.stdout.write(args.flag('json') ? `${JSON.stringify(report)}\n` : renderKeys(report));
    return exitCodes.done;
  },
};
