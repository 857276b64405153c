// `corral detach TARGET`
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { callJson } from '../../shared/source/call.ts';
import { absoluteTarget } from './attachment.ts';
import { type Command, jsonOption } from './command.ts';
import { socketOf } from './paths.ts';

export const command: Command = {
  spec: {
    name: 'detach',
    positionals: ['TARGET'],
    options: { json: jsonOption },
    about: 'Takes the address of TARGET back and removes its device. Detaching what is not attached does nothing.',
    example: 'corral detach /run/netns/x',
  },
  async run(args) {
    const target = absoluteTarget(args.positionals[0]!);
    const body = { target };
    const told = await callJson<{ note?: string | null }>(socketOf('network-manager'), '/v1/detach', {
      body,
      timeoutMs: 30_000,
    });
    console.log(args.flag('json') ? JSON.stringify(told) : (told.note ?? `${target} is detached`));
    return exitCodes.done;
  },
};
