// Pure: what `nft list chains` prints, as far as it decides over packets of containers.

/** Tables that iptables shows too: the check of their order looks at those. */
const ofIptables = /^(ip|ip6) (filter|nat|mangle|raw|security)$/;

/** Base chains at the hooks for input and forwarding whose policy is drop: `inet firewalld filter_FORWARD`. */
export function droppingChains(listing: string): string[] {
  const found: string[] = [];
  let table = '';
  let chain = '';
  for (const line of listing.split('\n')) {
    table = /^table (\S+ \S+) \{/.exec(line)?.[1] ?? table;
    chain = /^\s+chain (\S+) \{/.exec(line)?.[1] ?? chain;
    const isDropping = /type filter hook (input|forward)\b.*policy drop/.test(line);
    if (isDropping && !ofIptables.test(table)) found.push(`${table} ${chain}`);
  }
  return found;
}
