// `corral network create NAME`
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { callJson } from '../../shared/source/call.ts';
import { type Command, jsonOption } from './command.ts';
import { networkRequest } from './network-request.ts';
import { socketOf } from './paths.ts';

export const command: Command = {
  spec: {
    name: 'network create',
    positionals: ['NAME'],
    options: {
      subnet: { type: 'string', value: 'CIDR', help: 'range of the whole network, over all hosts (required)' },
      block: { type: 'string', value: 'LENGTH', help: 'prefix length of a host’s part; default: 24' },
      flat: { type: 'boolean', help: 'no blocks: each address of the range is claimed by itself' },
      driver: {
        type: 'string',
        value: 'DRIVER',
        help: 'how hosts reach each other: vxlan (default), wireguard, ipsec or none',
      },
      mtu: { type: 'string', value: 'BYTES', help: 'default: from the uplink, less what the driver takes' },
      vni: { type: 'string', value: 'NUMBER', help: 'VXLAN network identifier; default: follows from the name' },
      subnet6: { type: 'string', value: 'CIDR', help: 'IPv6 range beside the subnet' },
      block6: { type: 'string', value: 'LENGTH', help: 'prefix length of a host’s part of it; default: 64' },
      direct: { type: 'boolean', help: 'hosts on one link exchange packets without the tunnel' },
      'no-host-ports': { type: 'boolean', help: 'its containers’ ports may not be published' },
      json: jsonOption,
    },
    about:
      'Adds a network to the cluster; every host makes it within seconds. On a host with its own store the file decides:\n' +
      'add the network to corral.yaml there.',
    example: 'corral network create back --subnet 10.50.0.0/16',
  },
  async run(args) {
    const body = networkRequest(args);
    const made = await callJson<{ name: string; subnet: string }>(socketOf('metadata'), '/v1/networks', {
      body,
      timeoutMs: 10_000,
    });
    console.log(args.flag('json') ? JSON.stringify(made) : `network ${made.name}: ${made.subnet}`);
    return exitCodes.done;
  },
};
