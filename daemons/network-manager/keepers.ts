// The keepers of network-manager: bridges and their files (networks/), iptables chains (rules/) with the published ports
// (ports/), flows to former targets of ports (conntrack/), CNI configurations (cni-conf/). Each has one loop of its own, so that a firewall that cannot be
// written does not keep a bridge from being made.
import type { Route } from '../shared/daemon/http.ts';
import { keeperMetrics } from '../shared/daemon/keeper-metrics.ts';
import type { DaemonContext } from '../shared/daemon/life.ts';
import { watchRules } from '../shared/daemon/watch-rules.ts';
import { openIptables } from '../shared/effects/iptables.ts';
import { openConntrack } from '../shared/effects/netlink/conntrack.ts';
import { openIpsets } from '../shared/effects/netlink/ipset.ts';
import type { Netlink } from '../shared/effects/netlink.ts';
import type { Change, Snapshot } from '../shared/model/snapshot.ts';
import { ConfKeeper } from './cni-conf/main.ts';
import { measureConnections } from './conntrack/connections.ts';
import { FlowsKeeper } from './conntrack/main.ts';
import type { HostLinks } from './host-links.ts';
import { NetworksKeeper } from './networks/main.ts';
import { hasSameBlocks, hasSameHost } from './own-parts.ts';
import { PublishedPorts } from './ports/main.ts';
import { RulesKeeper } from './rules/main.ts';
import type { HostWatch } from './watch-host.ts';

export interface KeeperDeps {
  readonly context: DaemonContext;
  readonly netlink: Netlink;
  readonly watch: HostWatch;
  readonly links: HostLinks;
}

export interface Keepers {
  /** Resolves after the first pass over a snapshot: bridges and block files are there, or health says why not. */
  readonly ready: Promise<void>;
  /** Blocks, as `<network>/<cidr>`, that IPAM is not to be offered. */
  withhold(blocks: ReadonlySet<string>): void;
  /** Hands over what metadata says now; returns at once, the loops do the work. */
  onSnapshot(snapshot: Snapshot, change: Change): void;
  /** Ends the loops and waits for passes under way. What they made in the kernel stays. */
  stop(): Promise<void>;
}

export function startKeepers(deps: KeeperDeps): Keepers {
  const { context, watch } = deps;
  const made = makeKeepers(deps);
  const { networks, rules, flows, conf, ports } = made;
  const both = (): void => {
    networks.poke();
    rules.poke();
  };
  watch.listen({
    onLink: (index) => {
      if (networks.onLink(index)) rules.poke();
    },
    onAddress: both,
    onRoutes: (routes) => networks.onRoutes(routes),
    onResync: both,
  });
  context.routes.push(diffRoute(made));
  let last: Snapshot | undefined;
  return {
    ready: networks.ready,
    withhold: (blocks) => networks.withhold(blocks),
    onSnapshot(snapshot) {
      const isNews = !last || isDifferentForKeepers(last, snapshot);
      const hasOtherPorts = ports.take(snapshot);
      last = snapshot;
      if (isNews) networks.onSnapshot(snapshot);
      else networks.onContainers(snapshot);
      if (isNews) conf.onSnapshot(snapshot);
      if (isNews || hasOtherPorts) rules.onSnapshot(snapshot);
    },
    async stop() {
      await Promise.all([networks.close(), rules.close(), flows.close(), conf.close()]);
      made.release();
    },
  };
}

interface MadeKeepers {
  readonly networks: NetworksKeeper;
  readonly rules: RulesKeeper;
  readonly flows: FlowsKeeper;
  readonly conf: ConfKeeper;
  readonly ports: PublishedPorts;
  /** Closes the sockets that they look through. */
  release(): void;
}

function makeKeepers({ context, netlink, links }: KeeperDeps): MadeKeepers {
  const metrics = keeperMetrics(context.metrics);
  const networks: NetworksKeeper = new NetworksKeeper({
    context,
    netlink,
    links,
    metrics: metrics('networks'),
    beforeFiles: () => rules.settle(),
    onRefused: () => rules.poke(),
  });
  const conntrack = openConntrack();
  measureConnections(context.metrics);
  const ipsets = openIpsets();
  const flows = new FlowsKeeper({ context, netlink, conntrack, metrics: metrics('flows') });
  const conf = new ConfKeeper({ context, metrics: metrics('cni-conf') });
  const ports = new PublishedPorts(context);
  const ruleWatch = watchRules(context, () => rules.onRulesChanged());
  const rules: RulesKeeper = new RulesKeeper({
    context,
    netlink,
    iptables: { 4: openIptables(4), 6: openIptables(6) },
    ipsets,
    metrics: metrics('rules'),
    refused: () => networks.refused,
    hasNotices: () => ruleWatch.isOpen,
    ports,
    onPublished: (published) => flows.onPublished(published),
  });
  const release = (): void => {
    for (const one of [ruleWatch, conntrack, ipsets]) one.close();
  };
  return { networks, rules, flows, conf, ports, release };
}

/** What every keeper would change now; changes nothing. */
function diffRoute({ networks, rules, flows, conf }: MadeKeepers): Route {
  return {
    method: 'GET',
    path: /^\/v1\/diff$/,
    async handle(http) {
      http.body = {
        keepers: [
          { keeper: 'networks', changes: await networks.diff() },
          { keeper: 'rules', changes: await rules.diff() },
          { keeper: 'flows', changes: await flows.diff() },
          { keeper: 'cni-conf', changes: conf.diff() },
        ],
      };
    },
  };
}

/** Containers and other hosts come and go all day; the keepers look at networks, this host, its blocks and ports alone. */
function isDifferentForKeepers(before: Snapshot, after: Snapshot): boolean {
  return (
    before.complete !== after.complete ||
    before.table('network') !== after.table('network') ||
    !hasSameHost(before, after) ||
    !hasSameBlocks(before, after)
  );
}
