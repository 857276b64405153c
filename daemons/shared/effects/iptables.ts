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
  /** The table, or all that there are, as `iptables-save` prints them. @throws COMMAND_*. */
  save(table?: TableName): Promise<string>;
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
      const { stdout, stderr } = await runWith(`${prefix}-save`, table ? ['-t', table] : [], limits);
      // Another program used nftables in a way that iptables cannot show; the exit code is 0 and the listing empty.
      const unseen = hiddenTable(stdout, stderr);
      if (unseen !== undefined && (table === undefined || table === unseen)) {
        throw new SuiteError('COMMAND_FAILED', `read table ${unseen} with ${prefix}-save: it holds rules of nftables`, {
          hint: `nft list table ip${family === 6 ? '6' : ''} ${unseen}`,
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

const hidden = /^# Table `(raw|nat|filter)' is incompatible/m;

/** A table of ours that the listing does not show. */
function hiddenTable(...texts: readonly string[]): TableName | undefined {
  const found = texts.filter((text) => text.includes('is incompatible')).map((text) => hidden.exec(text)?.[1]);
  return found.find((name) => name !== undefined) as TableName | undefined;
}
