// One measurement of published ports in the namespace in which it is started: `ports-child.ts COUNT`. Prints a line of JSON.
// Needs bridge corral0 with 10.42.7.1/24, up.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { PublishedPorts } from '../../../daemons/network-manager/ports/main.ts';
import { RulesKeeper } from '../../../daemons/network-manager/rules/main.ts';
import { parseConfig } from '../../../daemons/shared/daemon/config.ts';
import { Health } from '../../../daemons/shared/daemon/health.ts';
import { makeLog } from '../../../daemons/shared/daemon/log.ts';
import { Metrics } from '../../../daemons/shared/daemon/metrics.ts';
import { openIptables } from '../../../daemons/shared/effects/iptables.ts';
import { openNetlink } from '../../../daemons/shared/effects/netlink.ts';
import type { ContainerObject } from '../../../daemons/shared/model/objects.ts';
import { until } from '../../netns/support/namespaces.ts';
import { block, container, network, snapshotOf } from '../../unit/support/snapshots.ts';

const count = Number(process.argv[2]);
const rounds = 10;
const iptables = openIptables(4);
let written = { count: 0, at: 0 };
let listed = { count: 0, at: 0 };
let passes = 0;
const context = {
  config: parseConfig('', {}, 'no file'),
  log: makeLog('network-manager', 'error'),
  health: new Health(),
  metrics: new Metrics('network-manager'),
};
const ports = new PublishedPorts(context);
const keeper = new RulesKeeper({
  context,
  netlink: openNetlink(),
  iptables: {
    4: {
      ...iptables,
      async restore(payload) {
        await iptables.restore(payload);
        written = { count: written.count + 1, at: performance.now() };
      },
      async save(table) {
        const text = await iptables.save(table);
        listed = { count: listed.count + 1, at: performance.now() };
        return text;
      },
    },
    6: openIptables(6),
  },
  metrics: {
    pass() {
      passes += 1;
    },
    wrote: () => undefined,
    healed: () => undefined,
    failed: () => console.error(JSON.stringify(context.health.report())),
  },
  refused: () => new Set(),
  ipsets: { has: async () => false },
  hasNotices: () => true,
  ports,
  onPublished: () => undefined,
});

/** Two ports a container, from 10000 on. */
function withPorts(number: number): ContainerObject[] {
  return Array.from({ length: Math.ceil(number / 2) }, (_, at) => {
    const texts = [0, 1].slice(0, number - at * 2).map((one) => `0.0.0.0:${10_000 + at * 2 + one}:80/tcp`);
    return container(`c${at}`, `10.42.${(at >> 8) + 8}.${at & 255}`, texts);
  });
}

const networks = [network('corral', '10.42.0.0/16', { isDefault: true }), block('corral', '10.42.7.0/24')];
let snapshot = snapshotOf([...networks, ...withPorts(count)]);
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();

async function publish(): Promise<number> {
  const [begun, before] = [performance.now(), written.count];
  if (ports.take(snapshot)) keeper.onSnapshot(snapshot);
  await until(60_000, 'written', () => written.count > before);
  return written.at - begun;
}

async function pause(): Promise<void> {
  const rested = performance.now() + 300;
  await until(1_000, 'a pause', () => performance.now() > rested);
}

async function lookAgain(): Promise<number> {
  await pause(); // the loop rests between passes
  const [begun, before, listings] = [performance.now(), passes, listed.count];
  keeper.onRulesChanged();
  await until(60_000, 'looked', () => passes > before && listed.count > listings);
  return performance.now() - begun;
}

await iptables.describe(); // what the daemon loads once with its first command
delay.reset();
const first = await publish();
const firstStretch = delay.max / 1e6;
await until(60_000, 'the looks after a write are over', () => listed.count >= 4);
const more: number[] = [];
delay.reset();
for (let at = 0; at < rounds; at += 1) {
  const one = container(`more${at}`, `10.42.7.${at + 9}`, [`0.0.0.0:${10_000 + count + at}:80/tcp`]);
  snapshot = snapshot.apply({ put: [one], drop: [] }, { revision: snapshot.revision + 1, complete: true });
  more.push(await publish());
  await pause();
}
const moreStretch = delay.max / 1e6;
const settled = listed.count + 3;
await until(60_000, 'the looks after a write are over', () => listed.count >= settled);
delay.reset();
const idle: number[] = [];
for (let at = 0; at < 3; at += 1) idle.push(await lookAgain());
console.log(JSON.stringify({ first, firstStretch, more, moreStretch, idle, idleStretch: delay.max / 1e6 }));
process.exit(0);
