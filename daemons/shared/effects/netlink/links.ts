// Devices as the kernel lists them.
import { type Mac, macFromBytes } from '../../model/mac.ts';
import {
  type Attributes,
  nestedOf,
  Payload,
  readAttributes,
  s32Of,
  textOf,
  u8Of,
  u16beOf,
  u32Of,
} from './attributes.ts';
import {
  BR_STATE_DISABLED,
  BRPORT,
  IFF,
  IFLA,
  INFO,
  RTEXT_FILTER_SKIP_STATS,
  RTM,
  VXLAN,
  XFRM_LINK,
} from './constants.ts';
import { type Ip, ipFromBytes } from './ip-bytes.ts';
import type { Transport } from './transport.ts';

/** A device, by name or index. */
export type LinkRef = string | number;

export interface Link {
  readonly index: number;
  readonly name: string;
  /** Absent for devices without a six-byte address. */
  readonly mac: Mac | undefined;
  readonly mtu: number;
  /** `bridge`, `veth`, `vxlan`, …; undefined for hardware and `lo`. */
  readonly kind: string | undefined;
  /** Index of the bridge or other device that it is enslaved to. */
  readonly master: number | undefined;
  /** Set up by an administrator. */
  readonly up: boolean;
  /** Has a carrier. */
  readonly running: boolean;
  readonly promisc: boolean;
  readonly alias: string | undefined;
  readonly group: number;
  /** For veth the index of the other end, in the namespace `peerNetnsId` if that is given, else in the same one. */
  readonly peerIndex: number | undefined;
  readonly peerNetnsId: number | undefined;
  /** What the bridge does at this port; only for ports of a bridge. */
  readonly port: BridgePort | undefined;
  /** The bridge takes frames from this port, or will once its spanning tree has looked at it. */
  readonly isPortEnabled: boolean;
  readonly vxlan: VxlanData | undefined;
  /** What ties an XFRM interface to its policies and states; undefined for other kinds. */
  readonly ifId: number | undefined;
}

/** Flags of a bridge's port. */
export interface BridgePort {
  readonly hairpin: boolean;
  readonly learning: boolean;
  /** Only frames whose source is a static FDB entry of this port may enter. */
  readonly locked: boolean;
  readonly isolated: boolean;
  readonly neighSuppress: boolean;
  readonly unicastFlood: boolean;
  readonly multicastFlood: boolean;
  readonly broadcastFlood: boolean;
}

export interface VxlanData {
  readonly vni: number;
  readonly port: number;
  readonly local: Ip | undefined;
  /** Index of the underlying device. */
  readonly link: number | undefined;
  readonly learning: boolean;
  /** It has a group or remote of its own, answers ARP itself, or asks programs about misses: nothing that Corral asks for. */
  readonly special: boolean;
}

export interface LinkReads {
  /** All devices of the namespace, or those enslaved to `master`. */
  listLinks(filter?: { master?: number }): Promise<Link[]>;
  /** One device; undefined if there is none of that name or index. */
  getLink(ref: LinkRef): Promise<Link | undefined>;
}

export function linkReads(transport: Transport): LinkReads {
  return {
    async listLinks(filter = {}) {
      const payload = linkPayload(0).u32(IFLA.EXT_MASK, RTEXT_FILTER_SKIP_STATS);
      if (filter.master !== undefined) payload.u32(IFLA.MASTER, filter.master);
      const answers = await transport.dump('list devices', RTM.GETLINK, payload.finish());
      const links = answers.flatMap(({ data }) => parseLink(data) ?? []);
      return filter.master === undefined ? links : links.filter((link) => link.master === filter.master);
    },
    async getLink(ref) {
      const payload = linkPayload(ref).u32(IFLA.EXT_MASK, RTEXT_FILTER_SKIP_STATS);
      const attempted = `look up device ${ref}`;
      const answers = await transport.tryRequest(attempted, RTM.GETLINK, 0, payload.finish(), ['ENODEV', 'ENXIO']);
      return answers?.[0] && parseLink(answers[0].data);
    },
  };
}

/** A request about one device: struct ifinfomsg, and the name if it is meant by name. 0 means no device in particular. */
export function linkPayload(ref: LinkRef, flags = 0, change = 0): Payload {
  const header = Buffer.alloc(16);
  if (typeof ref === 'number') header.writeInt32LE(ref, 4);
  header.writeUInt32LE(flags, 8);
  header.writeUInt32LE(change, 12);
  const payload = new Payload(header);
  return typeof ref === 'string' ? payload.text(IFLA.IFNAME, ref) : payload;
}

/** Reads the payload of RTM_NEWLINK; undefined if it is too short to be one. */
export function parseLink(data: Buffer): Link | undefined {
  if (data.length < 16) return undefined;
  const attributes = readAttributes(data, 16);
  const info = nestedOf(attributes, IFLA.LINKINFO);
  const flags = data.readUInt32LE(8);
  const kind = textOf(info, INFO.KIND);
  const slave = textOf(info, INFO.SLAVE_KIND) === 'bridge' ? nestedOf(info, INFO.SLAVE_DATA) : undefined;
  const address = attributes.get(IFLA.ADDRESS);
  return {
    index: data.readInt32LE(4),
    name: textOf(attributes, IFLA.IFNAME) ?? '',
    mac: address && macFromBytes(address),
    mtu: u32Of(attributes, IFLA.MTU) ?? 0,
    kind,
    master: u32Of(attributes, IFLA.MASTER),
    up: (flags & IFF.UP) !== 0,
    running: (flags & IFF.LOWER_UP) !== 0,
    promisc: (flags & IFF.PROMISC) !== 0,
    alias: textOf(attributes, IFLA.IFALIAS),
    group: u32Of(attributes, IFLA.GROUP) ?? 0,
    peerIndex: u32Of(attributes, IFLA.LINK),
    peerNetnsId: s32Of(attributes, IFLA.LINK_NETNSID),
    port: slave && parsePort(slave),
    isPortEnabled: slave !== undefined && u8Of(slave, BRPORT.STATE) !== BR_STATE_DISABLED,
    vxlan: kind === 'vxlan' ? parseVxlan(nestedOf(info, INFO.DATA)) : undefined,
    ifId: kind === 'xfrm' ? u32Of(nestedOf(info, INFO.DATA), XFRM_LINK.IF_ID) : undefined,
  };
}

function parsePort(data: Attributes): BridgePort {
  const on = (type: number): boolean => u8Of(data, type) === 1;
  return {
    hairpin: on(BRPORT.HAIRPIN),
    learning: on(BRPORT.LEARNING),
    locked: on(BRPORT.LOCKED),
    isolated: on(BRPORT.ISOLATED),
    neighSuppress: on(BRPORT.NEIGH_SUPPRESS),
    unicastFlood: on(BRPORT.UNICAST_FLOOD),
    multicastFlood: on(BRPORT.MCAST_FLOOD),
    broadcastFlood: on(BRPORT.BCAST_FLOOD),
  };
}

function parseVxlan(data: Attributes): VxlanData {
  const switches = [VXLAN.PROXY, VXLAN.RSC, VXLAN.L2MISS, VXLAN.L3MISS, VXLAN.COLLECT_METADATA];
  const hasGroup = data.has(VXLAN.GROUP) || data.has(VXLAN.GROUP6);
  return {
    vni: u32Of(data, VXLAN.ID) ?? 0,
    port: u16beOf(data, VXLAN.PORT) ?? 0,
    local: ipFromBytes(data.get(VXLAN.LOCAL) ?? data.get(VXLAN.LOCAL6)),
    link: u32Of(data, VXLAN.LINK) || undefined,
    learning: u8Of(data, VXLAN.LEARNING) === 1,
    special: hasGroup || data.has(VXLAN.GBP) || data.has(VXLAN.GPE) || switches.some((type) => u8Of(data, type) === 1),
  };
}
