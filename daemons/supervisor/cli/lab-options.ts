// Options and errands that the commands of `corral lab` share.
import { SuiteError } from '../../shared/model/errors.ts';
import { type Lab, openLab } from '../lab/lab-file.ts';
import { requireRootForLab } from '../lab/needs.ts';
import type { Args, Option } from './command.ts';

export const nameOption: Option = { type: 'string', value: 'L', help: 'name of the lab; default: lab' };

/** @throws SuiteError NOT_ROOT, NOT_RUNNING */
export function openNamedLab(args: Args): Lab {
  requireRootForLab();
  return openLab(args.one('name') ?? 'lab');
}

/** `key=value` of each. @throws SuiteError USAGE */
export function readLabels(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      if (at <= 0) throw new SuiteError('USAGE', `use ${text} as a label`, { hint: 'Write it as KEY=VALUE' });
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
