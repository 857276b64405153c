// The parts of the overlay daemon: the keeper of tunnels, its rules and its probes, each with a loop of its own, so that a
// firewall that cannot be written does not keep a tunnel from being made.
import { keeperMetrics } from '../shared/daemon/keeper-metrics.ts';
import type { DaemonContext } from '../shared/daemon/life.ts';
import { watchKernel } from '../shared/daemon/watch-kernel.ts';
import { watchRules } from '../shared/daemon/watch-rules.ts';
import { systemClock } from '../shared/effects/clock.ts';
import { openIptables } from '../shared/effects/iptables.ts';
import { openIpsets } from '../shared/effects/netlink/ipset.ts';
import { openWireguard } from '../shared/effects/netlink/wireguard.ts';
import { openXfrm } from '../shared/effects/netlink/xfrm.ts';
import { openNetlink } from '../shared/effects/netlink.ts';
import type { Change, Snapshot } from '../shared/model/snapshot.ts';
import { ArpResponder } from './arp/responder.ts';
import { BlockKeeper } from './block/keep-blocks.ts';
import type { OverlayDriver } from './driver.ts';
import type { HostFacts } from './host-facts.ts';
import { ipsecDriver } from './ipsec/ipsec-driver.ts';
import { ipsecConfig } from './ipsec/settings.ts';
import { OverlayKeeper } from './keep-overlay.ts';
import { keyUses } from './keys/key-pair.ts';
import { startKeys } from './keys/start-keys.ts';
import { Facts } from './observe.ts';
import type { OverlayNetwork, Peer } from './overlay-network.ts';
import { OverrideIndex } from './overrides.ts';
import { probeNetwork } from './probes/targets.ts';
import { watchPeers } from './probes/watch-peers.ts';
import { RulesKeeper } from './rules/keep-rules.ts';
import { vxlanDriver } from './vxlan/vxlan-driver.ts';
import { wantNetworks } from './want-networks.ts';
import { wireguardDriver } from './wireguard/wireguard-driver.ts';

export interface Overlay {
  /** Resolves after the first pass over a snapshot, however it ended. */
  readonly ready: Promise<void>;
  /** Hands over what metadata says now; returns at once. */
  onSnapshot(snapshot: Snapshot, change: Change): void;
  /** Ends the loops and waits for passes under way. What they made in the kernel stays. */
  stop(): Promise<void>;
}

export function startOverlay(context: DaemonContext): Overlay {
  const netlink = openNetlink();
  const metrics = keeperMetrics(context.metrics);
  const xfrm = openXfrm();
  const usesResponder = context.config.overlay.arp === 'responder';
  const ipsec = ipsecDriver({
    context,
    settings: ipsecConfig(context.config.overlay),
    netlink,
    xfrm,
    proxies: !usesResponder,
    onMode: () => rules.doubt(),
    onDevice: () => keeper.poke(),
  });
  const { wireguardPort: port, wireguardKeepalive: keepalive } = context.config.overlay;
  const settings = { port, keepalive, proxies: !usesResponder };
  const drivers: readonly OverlayDriver[] = [
    vxlanDriver(netlink, !usesResponder),
    wireguardDriver({ netlink, wireguard: openWireguard(), settings }),
    ipsec,
  ];
  const names = new Set(drivers.map(({ name }) => name));
  const blocks = new BlockKeeper({ context, xfrm, netlink, drivers });
  const keeper: OverlayKeeper = new OverlayKeeper({
    context,
    drivers,
    blocks,
    facts: new Facts(netlink, systemClock.now),
    metrics: metrics('overlay'),
    beforeFirst: () => rules.settled(),
    ring: () => keys.ring,
    onFulfilled: (ring) => keys.kept(ring),
    onKept: (wish, facts) => {
      peers.want(wish.networks.map((network) => probeNetwork(network, facts, mtuTo(network, facts))));
    },
  });
  const mtuTo = (network: OverlayNetwork, facts: HostFacts) => {
    const driver = drivers.find(({ name }) => name === network.driver);
    return (peer: Peer): number => driver?.mtu(network, peer, facts) ?? 0;
  };
  const keys = startKeys(context, () => keeper.poke());
  const peers = watchPeers(context, systemClock, drivers);
  const arp = usesResponder ? new ArpResponder({ context, clock: systemClock, netlink }) : undefined;
  const sets = openIpsets();
  const ruleWatch = watchRules(context, () => rules.onRulesChanged());
  const rules: RulesKeeper = new RulesKeeper({
    context,
    drivers,
    iptables: { 4: openIptables(4), 6: openIptables(6) },
    sets,
    metrics: metrics('overlay-rules'),
    hasNotices: () => ruleWatch.isOpen,
  });
  const watch = watchKernel(context, {
    onChanges: (changes) => keeper.onHost(changes),
    onResync: () => keeper.onResync(),
  });
  context.routes.push({
    method: 'GET',
    path: /^\/v1\/diff$/,
    async handle(http) {
      http.body = {
        keepers: [
          { keeper: 'overlay', changes: await keeper.diff() },
          { keeper: 'overlay-rules', changes: await rules.diff() },
        ],
      };
    },
  });
  const overrides = new OverrideIndex();
  let seen: Snapshot | undefined;
  return {
    ready: keeper.ready,
    onSnapshot(snapshot, change) {
      const before = overrides.version;
      const found = overrides.update(snapshot, change);
      const isNews = !seen || isDifferent(seen, snapshot) || before !== overrides.version;
      seen = snapshot;
      if (!isNews) return;
      const wish = wantNetworks(snapshot, found, names);
      keys.take(
        snapshot,
        keyUses.filter((use) => wish.guarded.some(({ driver }) => driver === use)),
      );
      rules.want(wish);
      arp?.want(wish.networks);
      keeper.want(wish);
    },
    async stop() {
      await Promise.all([keeper.close(), rules.close(), watch.close()]);
      await Promise.all(drivers.map((driver) => driver.close?.()));
      blocks.close();
      keys.close();
      peers.close();
      arp?.close();
      ruleWatch.close();
      sets.close();
      netlink.close();
    },
  };
}

/** Containers come and go all day; beyond single addresses only networks, hosts, blocks and keys matter. */
function isDifferent(before: Snapshot, after: Snapshot): boolean {
  return (
    before.hostId !== after.hostId ||
    before.complete !== after.complete ||
    before.table('network') !== after.table('network') ||
    before.table('host') !== after.table('host') ||
    before.table('block') !== after.table('block') ||
    before.table('tunnel') !== after.table('tunnel')
  );
}
