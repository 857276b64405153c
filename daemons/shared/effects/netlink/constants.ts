// Pure: numbers of the kernel's netlink and rtnetlink interfaces (linux/netlink.h, rtnetlink.h, if_link.h, neighbour.h).

export const NLMSG = { ERROR: 2, DONE: 3 } as const;

export const FLAG = {
  REQUEST: 0x1,
  ACK: 0x4,
  DUMP_INTR: 0x10,
  REPLACE: 0x100,
  DUMP: 0x300,
  EXCL: 0x200,
  CREATE: 0x400,
} as const;

export const RTM = {
  NEWLINK: 16,
  DELLINK: 17,
  GETLINK: 18,
  NEWADDR: 20,
  DELADDR: 21,
  GETADDR: 22,
  NEWROUTE: 24,
  DELROUTE: 25,
  GETROUTE: 26,
  NEWNEIGH: 28,
  DELNEIGH: 29,
  GETNEIGH: 30,
  NEWRULE: 32,
  DELRULE: 33,
  GETRULE: 34,
} as const;

export const FAMILY = { INET: 2, BRIDGE: 7, INET6: 10 } as const;

export const IFF = { UP: 0x1, PROMISC: 0x100, LOWER_UP: 0x10000 } as const;

export const IFLA = {
  ADDRESS: 1,
  IFNAME: 3,
  MTU: 4,
  LINK: 5,
  MASTER: 10,
  LINKINFO: 18,
  IFALIAS: 20,
  AF_SPEC: 26,
  GROUP: 27,
  NET_NS_FD: 28,
  EXT_MASK: 29,
  LINK_NETNSID: 37,
} as const;

export const INFO = { KIND: 1, DATA: 2, SLAVE_KIND: 4, SLAVE_DATA: 5 } as const;

export const VETH_INFO_PEER = 1;

/** Settings of IPv4 of a device (IFLA_INET_CONF; linux/ip.h, IPV4_DEVCONF_*). */
export const INET = { CONF: 1, ARP_NOTIFY: 22 } as const;

/** Which IPv6 addresses a device makes for itself (IFLA_INET6_ADDR_GEN_MODE). */
export const ADDR_GEN = { MODE: 8, NONE: 1 } as const;

/** Leaves counters out of link listings, which makes them a third as long. */
export const RTEXT_FILTER_SKIP_STATS = 8;

export const BRPORT = {
  STATE: 1,
  HAIRPIN: 4,
  LEARNING: 8,
  UNICAST_FLOOD: 9,
  MCAST_FLOOD: 27,
  BCAST_FLOOD: 30,
  NEIGH_SUPPRESS: 32,
  ISOLATED: 33,
  LOCKED: 39,
} as const;

/** Of a bridge's port (linux/if_bridge.h); those between are the spanning tree's. */
export const BR_STATE_DISABLED = 0;

export const BR = { MCAST_SNOOPING: 23 } as const;

export const VXLAN = {
  ID: 1,
  GROUP: 2,
  LINK: 3,
  LOCAL: 4,
  LEARNING: 7,
  PROXY: 11,
  RSC: 12,
  L2MISS: 13,
  L3MISS: 14,
  PORT: 15,
  GROUP6: 16,
  LOCAL6: 17,
  GBP: 23,
  COLLECT_METADATA: 25,
  GPE: 27,
} as const;

/** Data of an XFRM interface (IFLA_XFRM_*). */
export const XFRM_LINK = { IF_ID: 2 } as const;

export const IFA = { ADDRESS: 1, LOCAL: 2, BROADCAST: 4, FLAGS: 8 } as const;
export const IFA_F = { NODAD: 0x2, DADFAILED: 0x8, TENTATIVE: 0x40, NOPREFIXROUTE: 0x200 } as const;

export const SCOPE = { universe: 0, link: 253, host: 254 } as const;

export const RTA = { DST: 1, OIF: 4, GATEWAY: 5, PRIORITY: 6, PREFSRC: 7, METRICS: 8, TABLE: 15 } as const;
export const RTAX_MTU = 2;
export const RTNH_F_ONLINK = 4;

export const NDA = { DST: 1, LLADDR: 2, IFINDEX: 8, MASTER: 9 } as const;
export const NUD = { FAILED: 0x20, NOARP: 0x40, PERMANENT: 0x80 } as const;
export const NTF = { SELF: 0x2, MASTER: 0x4, PROXY: 0x8 } as const;
