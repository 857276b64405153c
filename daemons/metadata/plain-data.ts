// Pure: parsed text as the values that trees are made of, within bounds. What an alias repeats is checked once and stays
// shared; counted is what a client would see, so that a few lines of aliases cannot stand for gigabytes.
import { SuiteError } from '../shared/model/errors.ts';
import type { TreeValue } from './tree-values.ts';

export interface DataLimits {
  readonly depth: number;
  readonly values: number;
}

export const answerLimits: DataLimits = { depth: 64, values: 4_000_000 };
const longest = 2n ** 64n;

interface Checked {
  readonly value: TreeValue;
  readonly values: number;
  readonly height: number;
}

/** @throws SuiteError CONFIG_INVALID for what holds itself, is too deep or too much; `what` names it. */
export function plainData(root: unknown, what: string, limits: DataLimits = answerLimits): TreeValue {
  const known = new Map<object, Checked>();
  const open = new Set<object>();
  const refuse = (why: string): never => {
    throw new SuiteError('CONFIG_INVALID', `read ${what}: ${why}`);
  };
  const check = (value: unknown): Checked => {
    if (typeof value !== 'object' || value === null) return { value: scalar(value), values: 1, height: 0 };
    const before = known.get(value);
    if (before) return before;
    if (open.has(value)) refuse('an alias stands inside of what it repeats');
    if (open.size >= limits.depth) refuse(`more than ${limits.depth} levels`);
    open.add(value);
    let [values, height] = [1, 0];
    const inner = (one: unknown): TreeValue => {
      const checked = check(one);
      values += checked.values;
      height = Math.max(height, checked.height + 1);
      if (values > limits.values) refuse(`more than ${limits.values} values`);
      if (open.size + checked.height > limits.depth) refuse(`more than ${limits.depth} levels`);
      return checked.value;
    };
    const made = Array.isArray(value) ? value.map(inner) : mapOf(value, inner);
    open.delete(value);
    const checked = { value: made, values, height };
    known.set(value, checked);
    return checked;
  };
  return check(root).value;
}

function mapOf(value: object, inner: (one: unknown) => TreeValue): TreeValue {
  const made: Record<string, TreeValue> = {};
  for (const [key, one] of Object.entries(value)) {
    // Also a key named __proto__ is only a key.
    Object.defineProperty(made, key, { value: inner(one), enumerable: true, writable: true, configurable: true });
  }
  return made;
}

function scalar(value: unknown): TreeValue {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'number':
      return value;
    case 'bigint': {
      const isExact = value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);
      return isExact || value >= longest || value <= -longest ? Number(value) : value;
    }
    default:
      return null;
  }
}
