// `corral get PATH`: the metadata service's answer, as the HTTP service gives it.
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import { answerError, callRaw } from '../../shared/source/call.ts';
import { addressOf } from './caller.ts';
import { type Command, jsonOption } from './command.ts';
import { metadataPath } from './metadata-path.ts';
import { socketOf } from './paths.ts';

export const command: Command = {
  spec: {
    name: 'get',
    positionals: ['PATH'],
    options: {
      from: { type: 'string', value: 'ADDRESS|NAME', help: 'answer as to this container; default: as to the host' },
      json: jsonOption,
    },
    about:
      'Reads from the metadata service what a container would get at http://169.254.169.250/latest/PATH.\n' +
      'Another version is the first part of the path. A path that is not there ends with exit code 1.',
    example: 'corral get self/container/primary_ip --from web-1',
  },
  async run(args) {
    const socket = socketOf('metadata');
    const path = metadataPath(args.positionals[0]!);
    const from = args.one('from');
    const query = from === undefined ? '' : `?from=${await addressOf(from, socket)}`;
    const headers = { accept: args.flag('json') ? 'application/json' : 'text/plain' };
    const answer = await callRaw(socket, `/v1/tree${path}${query}`, { headers });
    if (answer.status === 404)
      throw new SuiteError('NAME_NOT_FOUND', `read ${path}`, { hint: 'corral get / lists what is there' });
    if (answer.status >= 400) throw answerError(answer, `read ${path}`);
    const newline = process.stdout.isTTY && answer.text !== '' && !answer.text.endsWith('\n') ? '\n' : '';
    process.stdout.write(answer.text + newline);
    return exitCodes.done;
  },
};
