// Evidence about packet filters: both backends of iptables, and tables of nftables.
import { run } from '../../../shared/effects/command.ts';
import { readTextIfPresent } from '../../../shared/effects/files.ts';
import { openIptables } from '../../../shared/effects/iptables.ts';
import { hasCode } from '../../../shared/model/errors.ts';
import { hooks } from '../../../shared/model/hooks.ts';
import { parseSave } from '../../../shared/reconcile/iptables-save.ts';
import type { Check } from '../check.ts';
import { type Backends, judgeBackends, judgeOrder } from '../judge/rules.ts';
import { droppingChains } from '../parse-nft.ts';

const backends: Check = {
  id: 'iptables-backend',
  title: 'no other packet filter has a say',
  look: async () => {
    const { backend } = await openIptables(4).describe();
    return judgeBackends({ own: backend, others: await rulesOf(backend), dropping: await dropping() });
  },
};

const limits = { timeoutMs: 5_000, maxBytes: 64 << 20 };

/** Reading the other backend must not load its modules, which would change what the host does. */
async function rulesOf(own: Backends['own']): Promise<Backends['others']> {
  if (own === 'nft' && !readTextIfPresent('/proc/net/ip_tables_names')?.trim()) return { foreign: 0, ours: 0 };
  try {
    const { stdout } = await run(own === 'nft' ? 'iptables-legacy-save' : 'iptables-nft-save', [], limits);
    const rules = stdout.split('\n').filter((line) => line.startsWith('-A '));
    const ours = rules.filter((line) => line.includes('CATTLE_')).length;
    return { foreign: rules.length - ours, ours };
  } catch (error) {
    if (hasCode(error, 'COMMAND_MISSING', 'COMMAND_FAILED')) return null;
    throw error;
  }
}

/** Without the program nft its tables cannot be seen; what iptables shows is judged all the same. */
async function dropping(): Promise<string[]> {
  try {
    const { stdout } = await run('nft', ['list', 'chains'], limits);
    return droppingChains(stdout);
  } catch (error) {
    if (hasCode(error, 'COMMAND_MISSING', 'COMMAND_FAILED')) return [];
    throw error;
  }
}

const order: Check = {
  id: 'rule-order',
  title: 'the chains of Corral come before rules that drop',
  look: async () => judgeOrder(parseSave(await openIptables(4).save()), hooks),
};

export const ruleChecks: readonly Check[] = [backends, order];
