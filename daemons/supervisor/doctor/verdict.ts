// Pure: what a check of `corral doctor` finds.

export const results = ['pass', 'warn', 'fail', 'skip'] as const;
export type Result = (typeof results)[number];

export interface Verdict {
  readonly result: Result;
  /** What was seen. */
  readonly evidence: string;
  /** What to do; null where nothing is to be done. */
  readonly next: string | null;
}

export const pass = (evidence: string): Verdict => ({ result: 'pass', evidence, next: null });
export const warn = (evidence: string, next: string): Verdict => ({ result: 'warn', evidence, next });
export const fail = (evidence: string, next: string): Verdict => ({ result: 'fail', evidence, next });
/** Nothing to look at, or nobody there to ask: then another check says so. */
export const skip = (evidence: string): Verdict => ({ result: 'skip', evidence, next: null });

const mostNamed = 5;

/** A sentence with a thousand names in it helps nobody. */
export function namesOf(names: readonly string[]): string {
  const told = names.slice(0, mostNamed).join(', ');
  return names.length > mostNamed ? `${told} and ${names.length - mostNamed} more` : told;
}

export function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
