// Pure: answers that come from a file, whichever its form: for each version a tree for everybody and trees for single clients.
import type { TreeMap } from './tree-values.ts';

export interface VersionAnswers {
  readonly everybody: TreeMap;
  /** The tree of a client by its address, with what it inherits; undefined: it sees what everybody sees. */
  client(address: string): TreeMap | undefined;
}

export interface Answers {
  readonly versions: ReadonlyMap<string, VersionAnswers>;
  /** What was given and cannot be served, in words. */
  readonly leftOut: readonly string[];
}

export const noAnswers: Answers = { versions: new Map(), leftOut: [] };

/** The answers for a version of a request; `latest` is the greatest one unless there is one of that name. */
export function answersOf(answers: Answers, version: string): VersionAnswers | undefined {
  const exact = answers.versions.get(version);
  if (exact || version !== 'latest') return exact;
  const greatest = [...answers.versions.keys()].sort().at(-1);
  return greatest === undefined ? undefined : answers.versions.get(greatest);
}
