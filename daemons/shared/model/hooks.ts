// Pure: every chain of Corral and where it is hooked in, one ordered table for all daemons, so that two writers never fight
// for "position 1". One writer a chain: network-manager owns CATTLE_*, overlay owns CATTLE_OVERLAY_*.

export const tables = ['raw', 'mangle', 'nat', 'filter'] as const;
export type Table = (typeof tables)[number];

export interface Hook {
  readonly table: Table;
  readonly builtin: 'PREROUTING' | 'INPUT' | 'FORWARD' | 'OUTPUT' | 'POSTROUTING';
  /** Match of the jump rule, before `-j`. */
  readonly match: readonly string[];
  readonly chain: string;
  readonly owner: 'network-manager' | 'overlay';
}

/** Packets of VXLAN (RFC 7348), whoever's they are: Docker's swarm uses the port too. */
const toVxlan = ['-p', 'udp', '-m', 'udp', '--dport', '4789'];

/** Packets to any address of the host. */
const toHost = ['-m', 'addrtype', '--dst-type', 'LOCAL'];

/**
 * In each built-in chain the hooks stand first, in this order. Chain names are the originals' where they had one; the filter
 * table's chain for OUTPUT is not named CATTLE_OUTPUT, since programs that look for that name expect it in nat.
 */
export const hooks: readonly Hook[] = [
  { table: 'raw', builtin: 'PREROUTING', match: [], chain: 'CATTLE_RAW_PREROUTING', owner: 'network-manager' },
  { table: 'raw', builtin: 'PREROUTING', match: toVxlan, chain: 'CATTLE_OVERLAY_RAW', owner: 'overlay' },
  { table: 'raw', builtin: 'OUTPUT', match: [], chain: 'CATTLE_RAW_OUTPUT', owner: 'network-manager' },
  { table: 'raw', builtin: 'OUTPUT', match: toVxlan, chain: 'CATTLE_OVERLAY_RAW_OUTPUT', owner: 'overlay' },
  { table: 'mangle', builtin: 'PREROUTING', match: [], chain: 'CATTLE_OVERLAY_ENTRY', owner: 'overlay' },
  { table: 'mangle', builtin: 'FORWARD', match: [], chain: 'CATTLE_OVERLAY_MSS', owner: 'overlay' },
  { table: 'mangle', builtin: 'POSTROUTING', match: [], chain: 'CATTLE_OVERLAY_GUARD', owner: 'overlay' },
  { table: 'nat', builtin: 'PREROUTING', match: toHost, chain: 'CATTLE_PREROUTING', owner: 'network-manager' },
  { table: 'nat', builtin: 'OUTPUT', match: toHost, chain: 'CATTLE_OUTPUT', owner: 'network-manager' },
  { table: 'nat', builtin: 'POSTROUTING', match: [], chain: 'CATTLE_NAT_POSTROUTING', owner: 'network-manager' },
  { table: 'nat', builtin: 'POSTROUTING', match: [], chain: 'CATTLE_HOSTPORTS_POSTROUTING', owner: 'network-manager' },
  { table: 'filter', builtin: 'INPUT', match: [], chain: 'CATTLE_INPUT', owner: 'network-manager' },
  { table: 'filter', builtin: 'INPUT', match: [], chain: 'CATTLE_OVERLAY_INPUT', owner: 'overlay' },
  { table: 'filter', builtin: 'FORWARD', match: [], chain: 'CATTLE_FORWARD', owner: 'network-manager' },
  { table: 'filter', builtin: 'FORWARD', match: [], chain: 'CATTLE_OVERLAY_FORWARD', owner: 'overlay' },
  { table: 'filter', builtin: 'OUTPUT', match: [], chain: 'CATTLE_FILTER_OUTPUT', owner: 'network-manager' },
];

export function hooksOf(owner: Hook['owner']): readonly Hook[] {
  return hooks.filter((hook) => hook.owner === owner);
}

/**
 * Other programs (Rancher's network-policy-manager) fill this chain of table filter. It is made if it is missing and then left
 * alone, whatever it holds; packets between containers of one network pass it before they are accepted.
 */
export const policyChain = 'CATTLE_NETWORK_POLICY';
