// Pure: the metrics that the daemons export, from the calls that make them.
import { argumentsAt, literalAt, textOf } from './source-text.ts';

export interface FoundMetric {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  readonly help: string;
  readonly path: string;
}

const types: Readonly<Record<string, FoundMetric['type']>> = {
  counter: 'counter',
  count: 'counter',
  gauge: 'gauge',
  gauges: 'gauge',
  histogram: 'histogram',
};

export function findMetrics(sources: ReadonlyMap<string, string>): FoundMetric[] {
  const found = [...sources].flatMap(([path, text]) => [...metricsIn(path, text), ...writtenIn(path, text)]);
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function metricsIn(path: string, text: string): FoundMetric[] {
  return [...text.matchAll(/\b(\w+)\(\s*['"`]corral_/g)].flatMap((match): FoundMetric[] => {
    const type = types[match[1]!];
    if (!type) return [];
    const [name = '', help = '', third = ''] = argumentsAt(text, match.index + match[1]!.length);
    const labels = type === 'histogram' || !third.startsWith('[') ? constantList(third, text) : listOf(third);
    return [{ name: textOf(name, text), type, labels, help: textOf(help, text), path }];
  });
}

/** Those that are written out by hand: `# HELP corral_x …`, `# TYPE corral_x gauge`. */
function writtenIn(path: string, text: string): FoundMetric[] {
  return [...text.matchAll(/# HELP (corral_\w+) ([^'"`]+)/g)].flatMap(([, name = '', help = '']): FoundMetric[] => {
    const type = types[new RegExp(`# TYPE ${name} (\\w+)`).exec(text)?.[1] ?? ''];
    const labels = new RegExp(`\\b${name}\\{(\\w+)=`).exec(text)?.slice(1) ?? [];
    return type ? [{ name, type, labels, help, path }] : [];
  });
}

function listOf(array: string): string[] {
  return [...array.matchAll(/['"](\w+)['"]/g)].map(([, word = '']) => word);
}

function constantList(argument: string, text: string): string[] {
  if (!/^\w+$/.test(argument)) return [];
  return listOf(new RegExp(`\\bconst ${argument} = (\\[[^\\]]*\\])`).exec(text)?.[1] ?? '');
}

/** Names of metrics in the sources, however they are used: for whoever checks that none is missing. */
export function namesOfMetrics(text: string): string[] {
  return [...text.matchAll(/['"`]corral_/g)]
    .flatMap((match) => literalAt(text, match.index)?.value ?? [])
    .map((name) => name.replace(/\{.*/s, ''))
    .filter((name) => name !== 'corral_' && !name.includes('<string>'));
}
