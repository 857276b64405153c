// What a host's kernel holds for its network, and which files name Corral, as text: for comparing before and after.

/** @param sh runs a line of shell on the host and returns what it prints */
export function networkState(sh: (line: string) => string): Record<string, string> {
  const lines = (command: string): string => sh(command).split('\n').filter(Boolean).sort().join('\n');
  const unnumbered = "sed 's/^[0-9]*: //'";
  return {
    // Empty tables appear with the first look at them.
    rules: lines(
      "for program in iptables-save ip6tables-save; do $program | grep -e '^-A' -e '^:[A-Z]*_' -e '^:[A-Z]* DROP' || true; done",
    ),
    links: lines(`ip -d -o link | sed 's/ promiscuity .*//' | ${unnumbered}`),
    // The kernel's own link-local addresses take a second to settle.
    addresses: lines(`ip -o address | grep -v fe80: | ${unnumbered}`),
    routes: lines('(ip route show table all; ip -6 route show table all) | grep -v -e fe80: -e ff00:'),
    policies: lines('ip rule; ip -6 rule'),
    neighbours: lines('ip neighbour show nud permanent'),
    sysctls: lines('cd /proc/sys/net && grep -r . ipv4 ipv6 2>/dev/null | grep -v -e stable_secret -e _mem: || true'),
    files: lines('find /etc /opt /usr/local /var /run -xdev -name "*corral*" -not -path "/run/lock/*"'),
  };
}
