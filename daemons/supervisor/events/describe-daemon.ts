// Pure: what a change of a daemon's state or conditions means to people.
import type { Condition } from '../../shared/daemon/health.ts';
import type { ErrorCode } from '../../shared/model/errors.ts';
import type { DaemonStatus } from '../describe-status.ts';
import type { Happening } from './event.ts';

/** Conditions with these codes name what fails in their text: another text is another failure. */
const naming: readonly (ErrorCode | null)[] = [
  'PEER_LOST',
  'PATH_TOO_SMALL',
  'PORT_CONFLICT',
  'HOST_CONFLICT',
  'NAME_INVALID',
];

type Seen = Pick<DaemonStatus, 'name' | 'state' | 'ready' | 'conditions' | 'pid' | 'lastEnd' | 'restarts'>;

export function describeDaemonChange(before: Seen, now: Seen): Happening[] {
  return [...describeState(before, now), ...describeConditions(before, now)];
}

/** Between ready and degraded the conditions tell more. */
function describeState(before: Seen, now: Seen): Happening[] {
  if (before.ready === now.ready && before.pid === now.pid) return [];
  if (before.state === now.state && before.pid === now.pid) return [];
  const isStart = now.state === 'starting';
  const end = now.lastEnd !== null && !now.ready ? `: ${now.lastEnd}` : '';
  return [
    {
      kind: 'daemon',
      action: 'changed',
      level: now.ready || isStart ? 'info' : 'warn',
      name: now.name,
      host: null,
      code: null,
      text: `${now.state}${end}`,
    },
  ];
}

/** Those of a process without a voice are its state in other words. */
function describeConditions(before: Seen, now: Seen): Happening[] {
  const were = new Map(before.conditions.map((condition) => [condition.name, condition]));
  return now.conditions
    .filter(({ name }) => name !== 'process')
    .flatMap((condition): Happening[] => {
      const was = were.get(condition.name);
      if (!isNews(was, condition)) return [];
      return [
        {
          kind: 'condition',
          action: condition.ok ? 'well' : 'failing',
          level: condition.ok ? 'info' : 'warn',
          name: `${now.name}/${condition.name}`,
          host: null,
          code: condition.code,
          text: condition.text,
        },
      ];
    });
}

/** What a daemon waits for while it starts is no news, nor is that it got it. */
function isNews(was: Condition | undefined, is: Condition): boolean {
  if (is.ok) return was !== undefined && !was.ok && was.code !== 'NOT_READY';
  if (is.code === 'NOT_READY') return false;
  if (!was || was.ok || was.code !== is.code) return true;
  return naming.includes(is.code) && was.text !== is.text;
}
