// Pure: the metrics of several processes as one exposition in Prometheus' text format. There a family of metrics may stand only
// once, and most families (memory, CPU) are those of every daemon: their samples are put together, told apart by the label `daemon`.

export interface Exposition {
  readonly daemon: string;
  /** Undefined: it could not be read. */
  readonly text: string | undefined;
}

interface Family {
  /** Its lines `# HELP` and `# TYPE`, one of each. */
  readonly head: Map<string, string>;
  readonly samples: string[];
}

export function mergeMetrics(parts: readonly Exposition[]): string {
  const up = parts.map(({ daemon, text }) => `corral_daemon_up{daemon="${daemon}"} ${text === undefined ? 0 : 1}`);
  const families = new Map<string, Family>();
  take(
    ['# HELP corral_daemon_up Whether the metrics of the daemon could be read', '# TYPE corral_daemon_up gauge', ...up],
    families,
  );
  for (const { text } of parts) if (text !== undefined) take(text.split('\n'), families);
  const lines = [...families.values()].flatMap(({ head, samples }) => [...head.values(), ...samples]);
  return `${lines.join('\n')}\n`;
}

/** Samples belong to the family whose head came last, as the format wants it. */
function take(lines: readonly string[], families: Map<string, Family>): void {
  let current: Family | undefined;
  for (const line of lines) {
    const [, kind, name] = /^# (HELP|TYPE) (\S+)/.exec(line) ?? [];
    if (kind !== undefined && name !== undefined) {
      current = families.get(name) ?? { head: new Map(), samples: [] };
      families.set(name, current);
      if (!current.head.has(kind)) current.head.set(kind, line);
    } else if (line !== '' && !line.startsWith('#')) current?.samples.push(line);
  }
}
