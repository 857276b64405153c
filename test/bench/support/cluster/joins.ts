// 20 hosts of a lab: until a container, and until a host, is known to all of them.
import { rmSync } from 'node:fs';
import { type Netlink, openNetlink } from '../../../../daemons/shared/effects/netlink.ts';
import { openNetns } from '../../../../daemons/shared/effects/netns.ts';
import { type Ipv4, renderCidr4 } from '../../../../daemons/shared/model/ipv4.ts';
import { pathsBelow } from '../../../../daemons/shared/model/paths.ts';
import { watchSnapshot } from '../../../../daemons/shared/source/watch.ts';
import { socketOn } from '../../../../daemons/supervisor/lab/host-suite.ts';
import { spaceOf } from '../../../../daemons/supervisor/lab/lab-file.ts';
import { corralCommand, makeTestLab, type TestLab } from '../../../cluster/support/lab.ts';
import { type TestScope, until } from '../../../netns/support/namespaces.ts';
import { renderFigures } from '../../figures.ts';

const hosts = Number(process.env.BENCH_LAB_HOSTS ?? 20);
const containers = 20;
const hostJoins = 3;

export async function measureJoins(scope: TestScope): Promise<void> {
  const began = performance.now();
  const lab = await makeTestLab(scope, { hosts, containers: 1 });
  console.log(`${hosts} hosts up, all pings and names tried   ${((performance.now() - began) / 1_000).toFixed(1)} s`);
  await measureContainers(scope, lab);
  await measureHosts(scope, lab);
}

/** From the call that attaches it to the last host's snapshot that has it. */
async function measureContainers(scope: TestScope, lab: TestLab): Promise<void> {
  const sights = new Map<string, Map<string, number>>();
  for (const host of lab.hosts) {
    const watch = watchSnapshot({
      socketPath: socketOn(host, 'metadata'),
      kinds: ['container'],
      onSnapshot: (_, { put }) => {
        for (const object of put) {
          if (object.kind !== 'container') continue;
          const seen = sights.get(object.name) ?? new Map<string, number>();
          if (!seen.has(host.name)) seen.set(host.name, performance.now());
          sights.set(object.name, seen);
        }
      },
      onState: () => {},
    });
    scope.teardown(() => watch.close());
  }
  const times: number[] = [];
  for (let at = 0; at < containers; at += 1) {
    const began = performance.now();
    await lab.addContainer('h1', `join-${at}`);
    const seen = await until(30_000, 'all hosts know it', () => {
      const found = sights.get(`join-${at}`);
      return found?.size === lab.hosts.length ? found : undefined;
    });
    times.push(Math.max(...seen.values()) - began);
  }
  console.log(`a container started to known on all hosts     ${renderFigures(times, 'ms')}`);
}

/** The last host leaves for good and comes back as a new one: from its `corral up` to the route to its block on all others. */
async function measureHosts(scope: TestScope, lab: TestLab): Promise<void> {
  const others = lab.hosts.slice(0, -1);
  const joining = lab.hosts.at(-1)!;
  const kernels = others.map(({ name }) => openNetlink(openNetns(`/proc/${spaceOf(lab.lab, name).init}/ns/net`)));
  scope.teardown(() => {
    for (const kernel of kernels) kernel.close();
  });
  const [all, spread]: [number[], number[]] = [[], []];
  for (let at = 0; at < hostJoins; at += 1) {
    await lab.fault('kill', joining.name);
    await until(60_000, 'it can be removed', () => lab.succeeds('h1', corralCommand, 'host', 'rm', joining.name));
    rmSync(pathsBelow(joining.root).state, { recursive: true });
    const gone = async (kernel: Netlink): Promise<boolean> => (await blocksOf(kernel)).size === others.length;
    await until(60_000, 'it is gone everywhere', async () => (await Promise.all(kernels.map(gone))).every(Boolean));
    const before = await Promise.all(kernels.map(blocksOf));
    const began = performance.now();
    const resumed = lab.fault('resume', joining.name);
    const arrivals = await Promise.all(kernels.map((kernel, index) => arrival(kernel, before[index]!)));
    all.push(Math.max(...arrivals) - began);
    spread.push(Math.max(...arrivals) - Math.min(...arrivals));
    await resumed;
  }
  console.log(`a new host's start to its route on all others ${renderFigures(all, 'ms')}`);
  console.log(`  the first of them to the last               ${renderFigures(spread, 'ms')}`);
}

/** The blocks that the host has a way to, its own too. */
async function blocksOf(kernel: Netlink): Promise<Set<string>> {
  const routes = await kernel.listRoutes();
  const blocks = routes.flatMap(({ dst: { base, prefix } }) =>
    typeof base === 'number' && prefix === 24 ? [renderCidr4({ base: base as Ipv4, prefix })] : [],
  );
  return new Set(blocks.filter((cidr) => cidr.startsWith('10.42.')));
}

async function arrival(kernel: Netlink, before: ReadonlySet<string>): Promise<number> {
  await until(60_000, 'the route to the new host', async () =>
    [...(await blocksOf(kernel))].some((cidr) => !before.has(cidr)),
  );
  return performance.now();
}
