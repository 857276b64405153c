// `corral get PATH`: the metadata service's answer, as the HTTP service gives it.
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import { MetadataClient } from '../../shared/source/metadata.ts';
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
      yaml: { type: 'boolean', help: 'answer in YAML' },
    },
    about:
      'Reads from the metadata service what a container would get at http://169.254.169.250/latest/PATH.\n' +
      'Another version is the first part of the path; parts are plain or as listings print them (web%2Fdb).\n' +
      'A path that is not there ends with exit code 1.',
    example: 'corral get self/container/primary_ip --from web-1',
  },
  async run(args) {
    const [json, yaml] = [args.flag('json'), args.flag('yaml')];
    if (json && yaml) throw new SuiteError('USAGE', 'answer in JSON and in YAML', { hint: 'choose one of them' });
    const socket = socketOf('metadata');
    const named = args.one('from');
    const from = named === undefined ? undefined : await addressOf(named, socket);
    const format = json ? 'json' : yaml ? 'yaml' : 'text';
    const text = await new MetadataClient(socket).read(metadataPath(args.positionals[0]!), format, { from });
    const newline = process.stdout.isTTY && text !== '' && !text.endsWith('\n') ? '\n' : '';
    process.stdout.write(text + newline);
    return exitCodes.done;
  },
};
