// The host's iptables, through its own programs: what they read and write is what other programs on the host understand.
// A restore is atomic per table. What to write is decided by reconcile/iptables-plan.ts.
import { SuiteError } from '../model/errors.ts';
import { type Run, run } from './command.ts';

export type TableName = 'raw' | 'mangle' | 'nat' | 'filter';

export interface IptablesVersion {
  /** `1.8.9` */
  readonly version: string;
  readonly backend: 'nft' | 'legacy';
}

export interface Iptables {
  readonly family: 4 | 6;
  /** The table as `iptables-save` prints it. @throws COMMAND_*. */
  save(table: TableName): Promise<string>;
  /** Applies the payload of a plan without touching what it does not name. @throws COMMAND_*; then nothing was applied. */
  restore(payload: string): Promise<void>;
  describe(): Promise<IptablesVersion>;
}

/** The xtables lock may be held by others for a while (legacy only), hence less than the deadline. */
const LOCK_WAIT_S = 5;
const DEADLINE_MS = 10_000;
const MOST_BYTES = 64 << 20;

export function openIptables(family: 4 | 6, runWith: Run = run): Iptables {
  const prefix = family === 4 ? 'iptables' : 'ip6tables';
  const limits = { timeoutMs: DEADLINE_MS, maxBytes: MOST_BYTES };
  return {
    family,
    async save(table) {
      const { stdout, stderr } = await runWith(`${prefix}-save`, ['-t', table], limits);
      // Another program used nftables in a way that iptables cannot show; the exit code is 0 and the listing empty.
      if (/^# Table .* is incompatible/m.test(`${stdout}\n${stderr}`)) {
        throw new SuiteError('COMMAND_FAILED', `read table ${table} with ${prefix}-save: it holds rules of nftables`, {
          hint: `nft list table ip${family === 6 ? '6' : ''} ${table}`,
        });
      }
      return stdout;
    },
    async restore(payload) {
      await runWith(`${prefix}-restore`, ['--noflush', '-w', String(LOCK_WAIT_S)], { ...limits, input: payload });
    },
    async describe() {
      const { stdout } = await runWith(prefix, ['--version'], limits);
      const match = /v(\d+(?:\.\d+)*)(?:\s+\((\w+)\))?/.exec(stdout);
      if (!match)
        throw new SuiteError('COMMAND_FAILED', `read the version of ${prefix} from ${JSON.stringify(stdout)}`);
      return { version: match[1]!, backend: match[2] === 'nf_tables' ? 'nft' : 'legacy' };
    },
  };
}
