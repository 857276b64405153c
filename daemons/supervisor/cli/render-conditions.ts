// Pure: what is wrong with a daemon, one line each: code, what it tried, what to do.
import type { Condition } from '../../shared/daemon/health.ts';
import type { DaemonStatus } from '../describe-status.ts';
import { remedyFor } from './remedies.ts';

export function renderConditions(daemon: Pick<DaemonStatus, 'name' | 'conditions'>): string[] {
  return daemon.conditions.filter(({ ok }) => !ok).map((condition) => `${daemon.name}: ${renderCondition(condition)}`);
}

function renderCondition({ code, text, hint }: Condition): string {
  const coded = code === null || text.startsWith(`${code}: `) ? text : `${code}: ${text}`;
  const remedy = hint ?? (hasAdvice(text) ? undefined : remedyFor(code));
  return remedy === undefined ? coded : `${coded}. ${capital(remedy)}`;
}

/** Many daemons write the remedy behind the fact. */
function hasAdvice(text: string): boolean {
  return /[.;?] /.test(text);
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
