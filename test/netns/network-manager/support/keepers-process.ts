// The keepers alone in a process, for tests inside a namespace: snapshots come as lines on the standard input, `status` asks
// for health and counters. Log lines go to the standard output as in a daemon.
import { createInterface } from 'node:readline';
import { HostLinks } from '../../../../daemons/network-manager/host-links.ts';
import { startKeepers } from '../../../../daemons/network-manager/keepers.ts';
import { watchHost } from '../../../../daemons/network-manager/watch-host.ts';
import { parseConfig } from '../../../../daemons/shared/daemon/config.ts';
import { Health } from '../../../../daemons/shared/daemon/health.ts';
import type { Context } from '../../../../daemons/shared/daemon/http.ts';
import type { DaemonContext } from '../../../../daemons/shared/daemon/life.ts';
import { makeLog } from '../../../../daemons/shared/daemon/log.ts';
import { Metrics } from '../../../../daemons/shared/daemon/metrics.ts';
import { openNetlink } from '../../../../daemons/shared/effects/netlink.ts';
import type { SnapshotObject } from '../../../../daemons/shared/model/objects.ts';
import { pathsBelow } from '../../../../daemons/shared/model/paths.ts';
import { noChange } from '../../../../daemons/shared/model/snapshot.ts';
import { snapshotOf } from '../../../unit/support/snapshots.ts';

export type Order =
  | { snapshot: readonly SnapshotObject[]; complete: boolean }
  | { status: true }
  | { diff: true }
  | { stop: true };

const context: DaemonContext = {
  name: 'network-manager',
  config: parseConfig('', {}, 'no file'),
  paths: pathsBelow(process.argv[2]!),
  log: makeLog('network-manager', 'info'),
  health: new Health(),
  metrics: new Metrics('network-manager'),
  routes: [],
  onReload: () => undefined,
  become: () => undefined,
};
const netlink = openNetlink();
const watch = watchHost(context);
const links = new HostLinks(netlink, () => watch.isOpen);
watch.listen({ onLink: () => links.doubt(), onResync: () => links.doubt() });
const keepers = startKeepers({ context, netlink, watch, links });
void keepers.ready.then(() => process.stdout.write('{"ready":true}\n'));

createInterface({ input: process.stdin })
  .on('line', (line) => void obey(JSON.parse(line) as Order))
  .on('close', () => process.exit(0));

async function obey(order: Order): Promise<void> {
  if ('snapshot' in order) keepers.onSnapshot(snapshotOf(order.snapshot, order.complete), noChange);
  else if ('status' in order) {
    const status = { health: context.health.report(), metrics: await context.metrics.text() };
    process.stdout.write(`${JSON.stringify({ status })}\n`);
  } else if ('diff' in order) {
    const answer: { body?: unknown } = {};
    await context.routes.find(({ path }) => path.test('/v1/diff'))!.handle(answer as Context, [] as never);
    process.stdout.write(`${JSON.stringify({ diff: answer.body })}\n`);
  } else {
    await keepers.stop();
    process.exit(0);
  }
}
