// `corral lab run HOST NAME`: one more container.
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { startContainer } from '../lab/containers.ts';
import { spaceOf } from '../lab/lab-file.ts';
import { findHost } from '../lab/plan-lab.ts';
import { type Command, jsonOption } from './command.ts';
import { nameOption, openNamedLab, readLabels } from './lab-options.ts';

export const command: Command = {
  spec: {
    name: 'lab run',
    positionals: ['HOST', 'NAME'],
    rest: 'CMD',
    options: {
      label: {
        type: 'string',
        value: 'KEY=VALUE',
        multiple: true,
        help: 'label; default: those of the service lab/web',
      },
      publish: { type: 'string', value: 'HOST:PORT', multiple: true, help: 'publish a port on the host: 8080:80' },
      network: { type: 'string', value: 'NETWORK', help: 'network to join; default: the default network' },
      name: nameOption,
      json: jsonOption,
    },
    about:
      'Starts a program in a container on a host of the lab. Without a program: one that waits or, with --publish, a\n' +
      'small web server that tells who it is and who asks.',
    example: 'corral lab run h1 front --publish 8080:80',
  },
  async run(args) {
    const lab = openNamedLab(args);
    const [hostName = '', name = ''] = args.positionals;
    const made = await startContainer(findHost(lab.plan, hostName), spaceOf(lab, hostName), {
      name,
      labels: readLabels(args.all('label')),
      publish: args.all('publish'),
      network: args.one('network'),
      command: args.rest,
    });
    const addresses = [made.address ?? 'no address', made.address6].filter((one) => one !== null).join(' ');
    console.log(args.flag('json') ? JSON.stringify(made) : `${name} on ${hostName}: ${addresses}`);
    return exitCodes.done;
  },
};
