import t from 'tap';
import { mayConcern } from '../../../../daemons/network-manager/networks/route-news.ts';
import { overlayDevices } from '../../../../daemons/network-manager/networks/routes-of-host.ts';
import type { RouteNotice } from '../../../../daemons/shared/effects/netlink-watch.ts';
import { parseCidr4, parseIpv4 } from '../../../../daemons/shared/model/ipv4.ts';

const [bridge, uplink, vtep, wireguard] = [3, 2, 7, 8];
const tunnels = overlayDevices([
  { index: uplink, name: 'eth0' },
  { index: bridge, name: 'corral0' },
  { index: vtep, name: 'vtep1042' },
  { index: wireguard, name: 'wg1043' },
  { index: 9, name: 'wg0' },
]);

const toBlock = {
  dst: parseCidr4('10.42.9.0/24')!,
  isMain: true,
  isOurs: true,
  replaces: false,
  type: 'unicast',
} as const;
const via = parseIpv4('10.42.9.0')!;

const concerns = (rest: Partial<RouteNotice>, known: ReadonlySet<number> = tunnels): boolean =>
  mayConcern({ ...toBlock, ...rest }, known);

t.test('the overlay’s routes to peers do not', async (t) => {
  t.notOk(concerns({ via, index: vtep }), 'by VXLAN');
  t.notOk(concerns({ via, index: vtep }, new Set()), 'also before its device was seen');
  t.notOk(concerns({ via, index: uplink }), 'without a tunnel');
  t.notOk(concerns({ index: wireguard }), 'by WireGuard, without a next hop');
});

t.test('what network-manager makes and what others make does', async (t) => {
  t.ok(concerns({ type: 'unreachable' }), 'the unreachable route');
  t.ok(concerns({ index: bridge }), 'a route to a block, or to a container');
  t.ok(concerns({ index: uplink, isOurs: false }), 'a range that the host routes elsewhere');
  t.ok(concerns({ via, index: vtep, isOurs: false }), 'by the tunnel, but not ours');
  t.ok(concerns({ index: wireguard }, new Set()), 'a device that is not known yet');
  t.ok(mayConcern(undefined, tunnels), 'of a kind that is not known');
});

t.test('a route of ours in the place of a foreign one ends an overlap', async (t) => {
  t.ok(concerns({ via, index: vtep, replaces: true }));
});

t.test('other tables than the main one are not looked at', async (t) => {
  t.notOk(concerns({ isMain: false, isOurs: false, index: uplink }));
  t.notOk(concerns({ isMain: false, isOurs: false, index: uplink, replaces: true }));
});
