// `corral lab status`: hosts, daemons, containers, and who reaches whom at this moment.
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { observeLab } from '../lab/observe-lab.ts';
import { isWell, renderLab } from '../lab/render-lab.ts';
import { type Command, jsonOption } from './command.ts';
import { nameOption, openNamedLab } from './lab-options.ts';

export const command: Command = {
  spec: {
    name: 'lab status',
    positionals: [],
    options: { name: nameOption, json: jsonOption },
    about:
      'Tells how the hosts of a lab are, and tries out which container reaches which, and whether names resolve there,\n' +
      'over IPv4 and, where containers have it or should, over IPv6.\n' +
      'Exit code 0 when everything is well, 3 when something is not. Of a large lab one container a host is tried.',
    example: 'corral lab status --json',
  },
  async run(args) {
    const report = await observeLab(openNamedLab(args));
    const ok = isWell(report);
    process.stdout.write(args.flag('json') ? `${JSON.stringify({ ok, ...report })}\n` : renderLab(report));
    return ok ? exitCodes.done : exitCodes.notReady;
  },
};
