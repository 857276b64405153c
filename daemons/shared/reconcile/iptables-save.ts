// Pure: reads what iptables-save prints. Rules are told apart by the ids in their comments; the rest is never interpreted.

export interface SavedRule {
  /** The rule without `-A CHAIN `, as it can be given to `-D`. */
  readonly text: string;
  /** The hash of a rule of Corral's, undefined for others' rules. */
  readonly id: string | undefined;
}

/** Chains of one table by name, built-in ones included, each with its rules in order. */
export type SavedTable = ReadonlyMap<string, readonly SavedRule[]>;

/** Tables by name. A table that the listing does not hold is absent. */
export type SavedTables = ReadonlyMap<string, SavedTable>;

const marker = /--comment "?corral:([0-9a-f]{16})(?:"|\s|$)/;

export function parseSave(text: string): SavedTables {
  const work = parseSaveInSlices(text, Number.POSITIVE_INFINITY);
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

/** The same for a loop that has other work too: stops for breath after each `lines` lines. */
export function* parseSaveInSlices(text: string, lines: number): Generator<undefined, SavedTables> {
  const tables = new Map<string, Map<string, SavedRule[]>>();
  let chains = new Map<string, SavedRule[]>();
  let left = lines;
  for (let at = 0; at < text.length; ) {
    const found = text.indexOf('\n', at);
    const end = found < 0 ? text.length : found;
    const line = text.slice(at, end);
    at = end + 1;
    if (line.startsWith('*')) {
      const name = line.slice(1).trim();
      chains = tables.get(name) ?? new Map<string, SavedRule[]>();
      tables.set(name, chains);
    } else takeLine(line, chains);
    left -= 1;
    if (left > 0) continue;
    left = lines;
    yield;
  }
  return tables;
}

function takeLine(line: string, chains: Map<string, SavedRule[]>): void {
  if (line.startsWith(':')) {
    const name = line.slice(1, line.indexOf(' '));
    if (!chains.has(name)) chains.set(name, []);
  } else if (line.startsWith('-A ')) {
    const end = line.indexOf(' ', 3);
    const name = end < 0 ? line.slice(3) : line.slice(3, end);
    const rule = end < 0 ? '' : line.slice(end + 1);
    chains.get(name)?.push({ text: rule, id: line.includes('corral:') ? marker.exec(rule)?.[1] : undefined });
  }
}

/** The chain to which a rule of iptables-save jumps or goes; undefined if there is none in it. */
export function targetOf(rule: SavedRule): string | undefined {
  return /(?:^|\s)-[jg] (\S+)/.exec(rule.text)?.[1];
}
