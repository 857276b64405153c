// `corral attach TARGET`
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { callJson } from '../../shared/source/call.ts';
import { type Attachment, attachRequest, renderAttachment } from './attachment.ts';
import { type Command, jsonOption } from './command.ts';
import { socketOf } from './paths.ts';

export const command: Command = {
  spec: {
    name: 'attach',
    positionals: ['TARGET'],
    options: {
      name: { type: 'string', value: 'NAME', help: 'name in DNS and metadata' },
      network: { type: 'string', value: 'NETWORK', help: 'network to join; default: the default network' },
      label: { type: 'string', value: 'KEY=VALUE', multiple: true, help: 'label, as of a container' },
      publish: {
        type: 'string',
        value: 'HOST:PORT',
        multiple: true,
        help: 'publish a port on the host: 8080:80, 53:53/udp',
      },
      json: jsonOption,
    },
    about:
      'Gives TARGET an address: a network namespace (a path) or a container (its name or id).\n' +
      'Attaching what is attached tells its address again.',
    example: 'corral attach /run/netns/x --name x --label io.rancher.stack_service.name=shop/db',
  },
  async run(args) {
    const body = attachRequest(args);
    const made = await callJson<Attachment>(socketOf('network-manager'), '/v1/attach', { body, timeoutMs: 30_000 });
    if (args.flag('json')) console.log(JSON.stringify(made));
    else process.stdout.write(renderAttachment(made));
    return exitCodes.done;
  },
};
