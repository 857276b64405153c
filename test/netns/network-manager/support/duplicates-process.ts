// The keeper of duplicate addresses in a process of its own, for a test's namespace: argv[2] is the root with the leases,
// argv[3] how many more there shall be, older ones of containers that are nowhere. Prints each change of its condition, one JSON
// a line.
import { listLeases } from '../../../../cni-plugins/ipam/list-leases.ts';
import type { Lease } from '../../../../cni-plugins/library.ts';
import { DuplicatesKeeper } from '../../../../daemons/network-manager/duplicates/main.ts';
import { Health } from '../../../../daemons/shared/daemon/health.ts';
import { openNetlink } from '../../../../daemons/shared/effects/netlink.ts';
import { pathsBelow } from '../../../../daemons/shared/model/paths.ts';

const paths = pathsBelow(process.argv[2] ?? '');
const health = new Health();
health.onChange(({ conditions }) => console.log(JSON.stringify(conditions[0])));
const netlink = openNetlink();
const silent = { info: () => undefined, warn: (fields: object) => console.error(fields) };
const more = Number(process.argv[3] ?? 0);
const leases = (): readonly Lease[] => {
  const { leases: real } = listLeases(paths);
  const [one] = real;
  const made = Array.from({ length: one ? more : 0 }, (_, at) => ({
    ...one!,
    containerId: `made-${at}`,
    createdAt: 1,
    mac: `02:00:00:00:00:${at.toString(16).padStart(2, '0')}`,
    addresses: [`10.42.8.${at}/24`],
  }));
  return [...made, ...real];
};
const keeper = new DuplicatesKeeper({
  context: { health, log: silent as never, metrics: { gauge: () => undefined } as never },
  host: { netlink, links: { list: () => netlink.listLinks() } },
  leases,
});
keeper.start();
setInterval(() => undefined, 1_000);
