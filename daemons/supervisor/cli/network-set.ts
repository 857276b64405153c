// `corral network set NAME --driver DRIVER`
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import { callJson } from '../../shared/source/call.ts';
import { type Command, jsonOption } from './command.ts';
import { socketOf } from './paths.ts';

export const command: Command = {
  spec: {
    name: 'network set',
    positionals: ['NAME'],
    options: {
      driver: { type: 'string', value: 'DRIVER', help: 'vxlan, wireguard, ipsec or none (required)' },
      json: jsonOption,
    },
    about:
      'Changes the driver of a network for all hosts, while its containers run: those on different hosts do not reach each\n' +
      'other for the seconds in which the hosts change over, and nothing is sent in the clear towards a secret driver. On a\n' +
      'host with its own store the file decides: change corral.yaml there.',
    example: 'corral network set corral --driver wireguard',
  },
  async run(args) {
    const [name, driver] = [args.positionals[0]!, args.one('driver')];
    if (driver === undefined)
      throw new SuiteError('USAGE', `change ${name}`, { hint: 'Say to what: --driver wireguard' });
    const made = await callJson<{ name: string; driver: string }>(socketOf('metadata'), '/v1/networks', {
      method: 'PUT',
      body: { name, driver },
      timeoutMs: 10_000,
    });
    console.log(args.flag('json') ? JSON.stringify(made) : `network ${made.name}: driver ${made.driver}`);
    return exitCodes.done;
  },
};
