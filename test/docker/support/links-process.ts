// The keeper of the containers' links alone in a process, for a test inside a machine: `links-process.ts RUNNING…`. No leases
// but those of containers that run; a link is old after half a second.
import { HostLinks } from '../../../daemons/network-manager/host-links.ts';
import { LinksKeeper } from '../../../daemons/network-manager/links/main.ts';
import { watchHost } from '../../../daemons/network-manager/watch-host.ts';
import { makeLog } from '../../../daemons/shared/daemon/log.ts';
import { Metrics } from '../../../daemons/shared/daemon/metrics.ts';
import { openNetlink } from '../../../daemons/shared/effects/netlink.ts';

const context = { log: makeLog('network-manager', 'info'), metrics: new Metrics('network-manager') };
const netlink = openNetlink();
const watch = watchHost(context);
const links = new HostLinks(netlink, () => watch.isOpen);
watch.listen({ onLink: () => links.doubt(), onResync: () => links.doubt() });
const keeper = new LinksKeeper({
  context,
  host: { netlink, links, watch },
  leases: () => [],
  running: async () => [process.argv.slice(2)],
  everyMs: 200,
  orphanAgeMs: 500,
});
keeper.start();
setInterval(() => undefined, 60_000);
