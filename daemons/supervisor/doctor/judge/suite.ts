// Pure: the daemons themselves.
import type { SuiteStatus } from '../../describe-status.ts';
import type { LogLine } from '../../logs/parse-line.ts';
import { counted, fail, namesOf, pass, skip, type Verdict, warn } from '../verdict.ts';

type Seen = Pick<SuiteStatus, 'daemons'>;

export function judgeDaemons({ daemons }: Seen): Verdict {
  const others = daemons.filter(({ name }) => name !== 'supervisor');
  if (others.every(({ pid }) => pid === null)) return fail('no daemon runs', 'start the suite with corral up');
  const told = daemons.flatMap(({ name, state, conditions }) => {
    if (state === 'ready') return [];
    const why = conditions.find(({ ok }) => !ok);
    return [{ name, state, text: `${name} is ${state}${why ? `: ${why.code ?? ''} ${why.text}` : ''}` }];
  });
  if (told.length === 0) return pass(`${namesOf(daemons.map(({ name }) => name))} are ready`);
  const evidence = namesOf(told.map(({ text }) => text));
  const isDown = told.some(({ name, state }) => state !== 'degraded' && name !== 'supervisor');
  if (isDown) return fail(evidence, 'corral status names the remedy, corral logs DAEMON says more');
  return warn(evidence, 'corral status names the remedy');
}

/** @param own of the command that asks */
export function judgeVersions({ daemons }: Seen, own: string): Verdict {
  const others = daemons.filter(({ version }) => version !== null && version !== own);
  const known = daemons.filter(({ version }) => version !== null);
  if (known.length === 0) return skip('no daemon runs');
  if (others.length === 0) return pass(`all are ${own}`);
  const names = others.map(({ name, version }) => `${name} is ${version}`);
  return warn(`${namesOf(names)}, this command is ${own}`, 'restart those that are older: corral restart --all');
}

export function judgeDifference(
  keepers: readonly { readonly keeper: string; readonly changes: readonly string[] }[],
): Verdict {
  const busy = keepers.filter(({ changes }) => changes.length > 0);
  if (busy.length === 0) return pass(`${counted(keepers.length, 'keeper')} have nothing to change`);
  const told = busy.map(
    ({ keeper, changes }) => `${keeper}: ${changes[0]}${changes.length > 1 ? ` and ${changes.length - 1} more` : ''}`,
  );
  return fail(
    `not as wanted for some seconds: ${namesOf(told)}`,
    'corral diff shows all of it; a keeper that cannot write says why in corral status',
  );
}

/** @param lines of level error and above, of the last hour, the oldest first */
export function judgeLogErrors(lines: readonly Pick<LogLine, 'log' | 'text' | 'event' | 'time'>[]): Verdict {
  const last = lines.at(-1);
  if (!last) return pass('no error in the last hour');
  const what = `${last.log}: ${last.event === null ? '' : `${last.event} `}${last.text}`.slice(0, 200);
  return warn(
    `${counted(lines.length, 'error')} in the last hour, the last at ${last.time}: ${what}`,
    'corral logs --level error --since 1h',
  );
}

export interface Descriptors {
  readonly name: string;
  readonly open: number;
  readonly limit: number;
}

export function judgeDescriptors(seen: readonly Descriptors[]): Verdict {
  if (seen.length === 0) return skip('no daemon runs');
  const full = seen.filter(({ open, limit }) => open > limit * 0.7);
  const low = seen.filter(({ limit }) => limit < 1_024);
  const tell = ({ name, open, limit }: Descriptors): string => `${name} ${open} of ${limit}`;
  const raise = 'raise LimitNOFILE in the unit (ulimit -n in a shell), then corral restart --all';
  if (full.length > 0) return fail(`nearly all are in use: ${namesOf(full.map(tell))}`, raise);
  if (low.length > 0) return warn(`fewer than 1024 may be open: ${namesOf(low.map(tell))}`, raise);
  return pass(
    `at most ${Math.max(...seen.map(({ open }) => open))} of ${Math.min(...seen.map(({ limit }) => limit))} are open`,
  );
}
