// The kernel's devices, addresses, routes, neighbours and forwarding entries of one network namespace.
// A Netlink is made of small verb objects; take `Pick<Netlink, …>` of what a function needs, so that a test can fake it.
import { type AddressVerbs, addressVerbs } from './netlink/addresses.ts';
import { openDirectSocket } from './netlink/direct-socket.ts';
import { type FdbVerbs, fdbVerbs } from './netlink/fdb.ts';
import { type LinkWrites, linkWrites } from './netlink/link-changes.ts';
import { type LinkReads, linkReads } from './netlink/links.ts';
import { type NeighbourVerbs, neighbourVerbs } from './netlink/neighbours.ts';
import { OffLoop } from './netlink/off-loop.ts';
import { type RouteVerbs, routeVerbs } from './netlink/routes.ts';
import { type RuleVerbs, ruleVerbs } from './netlink/rules.ts';
import { Transport } from './netlink/transport.ts';
import { type VxlanVerbs, vxlanVerbs } from './netlink/vxlan.ts';
import { type XfrmLinkVerbs, xfrmLinkVerbs } from './netlink/xfrm-links.ts';
import { inNetns, type Netns } from './netns.ts';

const ROUTE = 0;

export type { Address, Scope } from './netlink/addresses.ts';
export type { FdbEntry, KnownFdbEntry } from './netlink/fdb.ts';
export type { Ip, IpRange } from './netlink/ip-bytes.ts';
export type { BridgeOptions, NearEnd, PeerEnd, VethEnd } from './netlink/link-changes.ts';
export type { LinkChanges } from './netlink/link-difference.ts';
export type { BridgePort, Link, LinkRef, VxlanData } from './netlink/links.ts';
export type { Neighbour } from './netlink/neighbours.ts';
export { PROTO_CORRAL, type Route, type RouteKey, type RouteType, sameRoute, TABLE_MAIN } from './netlink/routes.ts';
export type { KnownRule, RouteRule } from './netlink/rules.ts';
export type { VxlanOptions } from './netlink/vxlan.ts';

export interface Netlink
  extends LinkReads,
    LinkWrites,
    VxlanVerbs,
    XfrmLinkVerbs,
    AddressVerbs,
    RouteVerbs,
    RuleVerbs,
    NeighbourVerbs,
    FdbVerbs {
  /** Requests under way are rejected; deletions under way are carried out. */
  close(): void;
}

/** For who looks into a namespace for a moment: one descriptor less, and nothing there is deleted in earnest. */
function deletingOnLoop(transport: Transport): Pick<OffLoop, 'request' | 'close'> {
  return {
    request: async (attempted, type, payload) => void (await transport.request(attempted, type, 0, payload)),
    close: () => undefined,
  };
}

/**
 * Opens sockets in the namespace (default: the own one). They stay in it, whatever becomes of the handle, and do not
 * keep the process alive. Costs two descriptors and about 0.1 ms; a daemon opens one and keeps it.
 * @param kind direct: answers are taken within the request, see direct-socket.ts
 */
export function openNetlink(netns?: Netns, kind: 'watched' | 'direct' = 'watched'): Netlink {
  const open = (): [Transport, Pick<OffLoop, 'request' | 'close'>] => {
    const transport = new Transport(kind === 'direct' ? { socket: openDirectSocket(ROUTE) } : {});
    return [transport, kind === 'direct' && netns ? deletingOnLoop(transport) : new OffLoop()];
  };
  const [transport, offLoop] = netns ? inNetns(netns, open) : open();
  const reads = linkReads(transport);
  return {
    ...reads,
    ...linkWrites(transport, offLoop, reads),
    ...vxlanVerbs(transport),
    ...xfrmLinkVerbs(transport),
    ...addressVerbs(transport),
    ...routeVerbs(transport),
    ...ruleVerbs(transport),
    ...neighbourVerbs(transport),
    ...fdbVerbs(transport),
    close() {
      transport.close();
      offLoop.close();
    },
  };
}
