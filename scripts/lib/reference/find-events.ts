// Pure: the events of the logs, from the calls that write them.
import { findUsers } from './find-users.ts';
import { closingOf, literalAt } from './source-text.ts';

export interface FoundEvent {
  readonly name: string;
  /** Empty where the code decides it when it runs. */
  readonly levels: readonly string[];
  /** Folders of `daemons/` whose processes may write it, or `every daemon`. */
  readonly daemons: readonly string[];
  readonly text: string;
}

interface Sight {
  readonly name: string;
  readonly level: string;
  readonly path: string;
  readonly text: string;
}

export function findEvents(sources: ReadonlyMap<string, string>): FoundEvent[] {
  const sights = [...sources].flatMap(([path, text]) => eventsIn(path, text));
  const names = [...new Set(sights.map(({ name }) => name))].sort();
  const users = findUsers(sources);
  const all = new Set([...users.values()].flat()).size;
  const distinct = (values: readonly string[]): string[] => [...new Set(values.filter((value) => value !== ''))].sort();
  return names.map((name) => {
    const here = sights.filter((sight) => sight.name === name);
    const daemons = distinct(here.flatMap(({ path }) => users.get(path) ?? []));
    return {
      name,
      levels: distinct(here.map(({ level }) => level)),
      daemons: daemons.length === all ? ['every daemon'] : daemons,
      text: here.find(({ text }) => text !== '')?.text ?? '',
    };
  });
}

/** `event: 'x.y'`, or one of two. */
const pattern = /\bevent: (?:[^,'{}]+\? )?'([a-z][\w-]*(?:\.[\w-]+)+)'(?: : '([\w.-]+)')?/g;

function eventsIn(path: string, text: string): Sight[] {
  return [...text.matchAll(pattern)].flatMap(([, first = '', second], at) => {
    const index = [...text.matchAll(pattern)][at]!.index;
    const call = callAround(text, index);
    return [first, ...(second === undefined ? [] : [second])].map((name) => ({ name, path, ...call }));
  });
}

/** The level and the words of the call in which an event stands; empty where its fields are made elsewhere. */
function callAround(text: string, index: number): { level: string; text: string } {
  const open = text.lastIndexOf('{', index);
  const before = /\.(debug|info|warn|error|fatal)\(\s*$/.exec(text.slice(Math.max(0, open - 200), open));
  if (!before) return { level: '', text: '' };
  const rest = closingOf(text, open);
  const comma = /^,\s*/.exec(text.slice(rest, rest + 50));
  const words = comma ? literalAt(text, rest + comma[0].length)?.value : undefined;
  return { level: before[1]!, text: words ?? '' };
}
