// The tables of a host, as far as `iptables-restore --noflush` writes and `iptables-save` reads them.
import type { Iptables } from '../../daemons/shared/effects/iptables.ts';

export interface FakeTables extends Iptables {
  /** Listings made. */
  saves: number;
  restores: number;
  /** Called in the middle of a listing, before it is answered. */
  whileSaving: () => void;
  /** Rules by table and chain. */
  readonly tables: ReadonlyMap<string, Map<string, string[]>>;
}

const builtIn = {
  raw: ['PREROUTING', 'OUTPUT'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
} as const;

export function fakeTables(family: 4 | 6): FakeTables {
  const tables = new Map(
    Object.entries(builtIn).map(([table, chains]) => [
      table,
      new Map(chains.map((chain): [string, string[]] => [chain, []])),
    ]),
  );
  const fake: FakeTables = {
    family,
    saves: 0,
    restores: 0,
    whileSaving: () => undefined,
    tables,
    async save(wanted) {
      fake.saves += 1;
      const text = [...tables]
        .filter(([table]) => wanted === undefined || table === wanted)
        .map(([table, chains]) => render(table, chains))
        .join('');
      fake.whileSaving();
      return text;
    },
    async restore(payload) {
      fake.restores += 1;
      let chains = new Map<string, string[]>();
      for (const line of payload.split('\n')) {
        if (line.startsWith('*')) chains = tables.get(line.slice(1))!;
        else if (line !== '' && line !== 'COMMIT') carryOut(line, chains);
      }
    },
    describe: async () => ({ version: '1.8.9', backend: 'nft' }),
  };
  return fake;
}

function render(table: string, chains: ReadonlyMap<string, readonly string[]>): string {
  const heads = [...chains.keys()].map((chain) => `:${chain} - [0:0]\n`);
  const rules = [...chains].flatMap(([chain, list]) => list.map((rule) => `-A ${chain} ${rule}\n`));
  return `*${table}\n${heads.join('')}${rules.join('')}COMMIT\n`;
}

function carryOut(line: string, chains: Map<string, string[]>): void {
  if (line.startsWith(':')) {
    chains.set(line.slice(1, line.indexOf(' ')), []);
    return;
  }
  const [, verb, chain = '', rest = ''] = /^(-[NXAID]) (\S+) ?(.*)$/.exec(line) ?? [];
  const rules = chains.get(chain) ?? [];
  if (verb === '-N') chains.set(chain, []);
  else if (verb === '-X') chains.delete(chain);
  else if (verb === '-A') rules.push(rest);
  else if (verb === '-D') rules.splice(rules.indexOf(rest), 1);
  else if (verb === '-I') {
    const [, place, rule] = /^(?:(\d+) )?(.*)$/.exec(rest) ?? [];
    rules.splice(Number(place ?? 1) - 1, 0, rule!);
  } else throw new Error(`a line that this fake does not know: ${line}`);
}
