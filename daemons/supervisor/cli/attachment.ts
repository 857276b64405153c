// Pure: what `corral attach` asks network-manager for, and how the answer reads.
import { SuiteError } from '../../shared/model/errors.ts';
import type { Args } from './command.ts';

export interface AttachRequest {
  readonly target: string;
  readonly name?: string;
  readonly network?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly publish: readonly string[];
}

export interface Attachment {
  readonly id: string;
  readonly name: string | null;
  readonly network: string;
  /** With its prefix. */
  readonly address: string | null;
  readonly gateway: string | null;
  readonly hostVeth: string | null;
  readonly netns: string | null;
}

export function attachRequest(args: Args): AttachRequest {
  const [name, network] = [args.one('name'), args.one('network')];
  return {
    target: absoluteTarget(args.positionals[0]!),
    ...(name === undefined ? {} : { name }),
    ...(network === undefined ? {} : { network }),
    labels: Object.fromEntries(args.all('label').map(parseLabel)),
    publish: args.all('publish'),
  };
}

/** What begins with ./ or ../ is a path that the daemon, elsewhere at home, could not follow. */
export function absoluteTarget(target: string): string {
  if (!/^\.{1,2}\//.test(target)) return target;
  throw new SuiteError('USAGE', `use the relative path ${target}`, { hint: 'Give the namespace by its absolute path' });
}

/** `key=value`; the value may hold more equals signs, and may be empty. */
function parseLabel(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at <= 0) {
    throw new SuiteError('USAGE', `use ${text} as a label`, {
      hint: 'Write it as KEY=VALUE. See corral attach --help',
    });
  }
  return [text.slice(0, at), text.slice(at + 1)];
}

export function renderAttachment(made: Attachment): string {
  const rows: (readonly [string, string | null])[] = [
    ['address', made.address],
    ['gateway', made.gateway],
    ['network', made.network],
    ['name', made.name],
    ['device', made.hostVeth],
    ['id', made.id],
  ];
  return rows
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([label, value]) => `${label.padEnd(8)} ${value}\n`)
    .join('');
}
