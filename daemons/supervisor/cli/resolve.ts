// `corral resolve NAME`: what the DNS answers, and from where it has it.
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import { callJson } from '../../shared/source/call.ts';
import { addressOf } from './caller.ts';
import { type Command, jsonOption } from './command.ts';
import { socketOf } from './paths.ts';
import { type Resolution, renderResolution, renderSteps } from './render-resolution.ts';

export const command: Command = {
  spec: {
    name: 'resolve',
    positionals: ['NAME'],
    options: {
      type: { type: 'string', value: 'TYPE', help: 'record type; default: A' },
      from: { type: 'string', value: 'ADDRESS|NAME', help: 'answer as to this container; default: as to the host' },
      trace: { type: 'boolean', help: 'tell each rule that was tried, and which one answered' },
      json: jsonOption,
    },
    about: 'Looks a name up in the DNS of this host. A name without an answer ends with exit code 1.',
    example: 'corral resolve web.shop --from web-1',
  },
  async run(args) {
    const name = args.positionals[0]!;
    const type = (args.one('type') ?? 'A').toUpperCase();
    const query = new URLSearchParams({ name, type });
    if (args.flag('trace')) query.set('trace', '1');
    const from = args.one('from');
    if (from !== undefined) query.set('from', await addressOf(from, socketOf('metadata')));
    const resolution = await callJson<Resolution>(socketOf('dns'), `/v1/resolve?${query}`, { timeoutMs: 10_000 });
    const found = resolution.answers.length > 0;
    if (args.flag('json')) console.log(JSON.stringify(resolution));
    else process.stdout.write(renderSteps(resolution) + (found ? renderResolution(resolution) : ''));
    if (!found && !args.flag('json'))
      throw new SuiteError('NAME_NOT_FOUND', `resolve ${name} ${type}: ${noAnswer(resolution)}`);
    return found ? exitCodes.done : exitCodes.failed;
  },
};

function noAnswer({ rcode, source }: Resolution): string {
  return rcode === 'NOERROR' ? `the name has no record of this type (${source})` : `${rcode} (${source})`;
}
