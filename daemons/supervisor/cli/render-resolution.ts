// Pure: a DNS answer as text, one record a line.

export interface Resolution {
  readonly name: string;
  readonly type: string;
  readonly rcode: string;
  readonly source: string;
  readonly answers: readonly {
    readonly name: string;
    readonly type: string;
    readonly ttl: number;
    readonly data: unknown;
  }[];
  /** Only if asked for: the rules that were tried, in words. */
  readonly steps?: readonly string[];
}

/** The steps, numbered, with what came of them; empty without steps. */
export function renderSteps({ steps = [], rcode, source }: Resolution): string {
  if (steps.length === 0) return '';
  const lines = [...steps, `answered: ${rcode} (${source})`];
  return `${lines.map((line, at) => `${String(at + 1).padStart(2)}. ${line}`).join('\n')}\n\n`;
}

export function renderResolution(resolution: Resolution): string {
  const width = Math.max(...resolution.answers.map(({ name }) => name.length));
  return resolution.answers
    .map(({ name, type, ttl, data }) => {
      const text = typeof data === 'string' ? data : JSON.stringify(data);
      return `${name.padEnd(width)}  ${String(ttl).padStart(5)}  ${type.padEnd(5)}  ${text}\n`;
    })
    .join('');
}
