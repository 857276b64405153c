// Pure: the parameters of a long poll (metadata reference, section 12).
import type { ValueTarget } from './answer.ts';
import { queryValue } from './http-target.ts';
import { renderJson } from './tree-render.ts';
import { isList, isMap, type TreeValue } from './tree-values.ts';

export interface PollRequest {
  readonly target: ValueTarget;
  /** What the client has. */
  readonly value: string;
  readonly maxWaitMs: number;
}

const [usualSeconds, mostSeconds] = [60, 120];

/** The poll that a target asks for; undefined if it wants its answer at once. */
export function parsePoll(target: ValueTarget): PollRequest | undefined {
  if (target.steps.length === 0 || queryValue(target.query, 'wait') !== 'true') return undefined;
  const value = queryValue(target.query, 'value') ?? '';
  const seconds = parseSeconds(queryValue(target.query, 'maxWait'));
  if (/[?&]/.test(value) || seconds < 0) return undefined;
  return { target, value, maxWaitMs: seconds * 1000 };
}

function parseSeconds(text: string | undefined): number {
  const seconds = text !== undefined && /^[+-]?\d{1,15}$/.test(text) ? Number(text) : 0;
  return seconds === 0 ? usualSeconds : Math.min(seconds, mostSeconds);
}

/** True if the value is there and is not what the client has. Collections never equal a text. */
export function hasNews(value: TreeValue | undefined, known: string): boolean {
  if (value === undefined) return false;
  if (value === null) return known !== '<nil>';
  if (isList(value) || isMap(value)) return true;
  return (typeof value === 'string' ? value : renderJson(value)) !== known;
}
