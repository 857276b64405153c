// Pure: the body of POST /v1/networks from the words of `corral network create`. The daemon checks the values.
import { SuiteError } from '../../shared/model/errors.ts';
import type { Args } from './command.ts';

/** @throws SuiteError USAGE for a number that is none, or without a subnet */
export function networkRequest(args: Args): Record<string, unknown> {
  const subnet = args.one('subnet');
  if (subnet === undefined) {
    throw new SuiteError('USAGE', 'create a network without a subnet', { hint: 'Give it one: --subnet 10.50.0.0/16' });
  }
  const wish = {
    name: args.positionals[0]!,
    subnet,
    block: wholeNumber(args, 'block'),
    blocks: args.flag('flat') ? 'none' : undefined,
    driver: args.one('driver'),
    mtu: wholeNumber(args, 'mtu'),
    vni: wholeNumber(args, 'vni'),
    subnet6: args.one('subnet6'),
    block6: wholeNumber(args, 'block6'),
    direct: args.flag('direct') || undefined,
    hostPorts: args.flag('no-host-ports') ? false : undefined,
  };
  return Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== undefined));
}

function wholeNumber(args: Args, option: string): number | undefined {
  const text = args.one(option);
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new SuiteError('USAGE', `use ${JSON.stringify(text)} as --${option}`, { hint: 'Give a number' });
}
