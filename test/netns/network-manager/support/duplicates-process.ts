// The keeper of duplicate addresses in a process of its own, for a test's namespace: argv[2] is the root with the leases. Prints
// each change of its condition, one JSON a line.
import { listLeases } from '../../../../cni-plugins/ipam/list-leases.ts';
import { DuplicatesKeeper } from '../../../../daemons/network-manager/duplicates/main.ts';
import { Health } from '../../../../daemons/shared/daemon/health.ts';
import { openNetlink } from '../../../../daemons/shared/effects/netlink.ts';
import { pathsBelow } from '../../../../daemons/shared/model/paths.ts';

const paths = pathsBelow(process.argv[2] ?? '');
const health = new Health();
health.onChange(({ conditions }) => console.log(JSON.stringify(conditions[0])));
const netlink = openNetlink();
const silent = { info: () => undefined, warn: (fields: object) => console.error(fields) };
const keeper = new DuplicatesKeeper({
  context: { health, log: silent as never, metrics: { gauge: () => undefined } as never },
  host: { netlink, links: { list: () => netlink.listLinks() } },
  leases: () => listLeases(paths).leases,
});
keeper.start();
setInterval(() => undefined, 1_000);
