// A host may hold rules in both backends of iptables (nft and legacy). A packet passes both, so a DROP in the one that we do
// not write beats our ACCEPT, and nobody who looks with the usual command sees why. We write where `iptables` of this host
// writes, and say so when the other one holds rules too.
import { run } from '../../shared/effects/command.ts';
import { readTextIfPresent } from '../../shared/effects/files.ts';
import type { IptablesVersion } from '../../shared/effects/iptables.ts';
import { hasCode } from '../../shared/model/errors.ts';

type Backend = IptablesVersion['backend'];

/** Tables of iptables-legacy that this namespace has; only reading it leaves the kernel's modules unloaded. */
const legacyTables = '/proc/net/ip_tables_names';

/** How many rules of others the backend holds that is not ours; undefined if that cannot be found out here. */
export async function rulesOfOtherBackend(ours: Backend): Promise<number | undefined> {
  if (ours === 'nft' && !readTextIfPresent(legacyTables)?.trim()) return 0;
  try {
    const { stdout } = await run(ours === 'nft' ? 'iptables-legacy-save' : 'iptables-nft-save', [], {
      maxBytes: 64 << 20,
    });
    return stdout.split('\n').filter((line) => line.startsWith('-A ') && !line.includes('corral:')).length;
  } catch (error) {
    if (hasCode(error, 'COMMAND_MISSING', 'COMMAND_FAILED', 'COMMAND_TIMEOUT')) return undefined;
    throw error;
  }
}

export function otherBackend(ours: Backend): string {
  return ours === 'nft' ? 'iptables-legacy' : 'iptables-nft';
}
