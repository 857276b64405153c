// Pure: the tiers of the suite, cheapest first, and what each needs of the machine.

export interface Tier {
  readonly name: string;
  /** Files at the same time. Each builds its networks in namespaces of its own, and most of them wait most of the time. */
  readonly jobs: number;
  /** Seconds that one file may take before it is ended and counted as failed. */
  readonly fileSeconds: number;
  /**
   * How often a file may run until it passes. Twice where packets, engines and the machine's load decide how long things take,
   * the second time alone: both runs are printed, so that a test which fails now and then is seen, and a defect fails twice.
   */
  readonly tries: number;
  readonly root: boolean;
  /** Its files make labs, whose hosts run a release. */
  readonly labs: boolean;
  /** Programs in PATH without which no file of the tier can run. */
  readonly commands: readonly string[];
}

const defaults = { jobs: 1, fileSeconds: 180, tries: 2, root: true, labs: false, commands: ['ip', 'iptables'] };

export const tiers: readonly Tier[] = [
  { ...defaults, name: 'house', jobs: 2, tries: 1, root: false, commands: [] },
  { ...defaults, name: 'unit', jobs: 2, tries: 1, root: false, commands: [] },
  { ...defaults, name: 'netns', jobs: 2 },
  { ...defaults, name: 'docker', jobs: 2, commands: ['ip', 'iptables', 'dockerd'] },
  { ...defaults, name: 'cluster', jobs: 2, labs: true, fileSeconds: 300, commands: ['ip', 'iptables', 'etcd'] },
  { ...defaults, name: 'fault', jobs: 2, labs: true, fileSeconds: 600 },
  { ...defaults, name: 'fuzz', fileSeconds: 300, tries: 1, root: false, commands: [] },
  { ...defaults, name: 'vm', fileSeconds: 1_500, commands: ['qemu-system-x86_64'] },
];

/** The checks of the sources, run before any tier. */
export const checks = ['types', 'lint'] as const;

export interface Choice {
  readonly names: ReadonlySet<string>;
  /** A tier that has tests and does not run counts as a failure. */
  readonly strict: boolean;
}

/** Reads the arguments of scripts/test. Text out is the complaint. */
export function parseArguments(args: readonly string[]): Choice | string {
  const known = [...checks, ...tiers.map((tier) => tier.name)];
  let names = new Set<string>(known);
  let strict = false;
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at] ?? '';
    if (word === '--strict') {
      strict = true;
      continue;
    }
    if (word !== '--only' && !word.startsWith('--only=')) return `unknown argument: ${word}`;
    const list = word === '--only' ? args[++at] : word.slice('--only='.length);
    if (!list) return `--only needs names, for example --only unit,netns (there are ${known.join(', ')})`;
    names = new Set(list.split(',').filter((name) => name !== ''));
    for (const name of names)
      if (!known.includes(name)) return `no tier is called ${name} (there are ${known.join(', ')})`;
  }
  return { names, strict };
}
