// Inside a namespace: programs the peers of one network by the driver and by iproute2's batches, in turn, and prints the times.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OverlayDriver } from '../../../daemons/overlay/driver.ts';
import { Facts } from '../../../daemons/overlay/observe.ts';
import { OverrideIndex } from '../../../daemons/overlay/overrides.ts';
import { vxlanDriver } from '../../../daemons/overlay/vxlan/vxlan-driver.ts';
import { wantNetworks } from '../../../daemons/overlay/want-networks.ts';
import { systemClock } from '../../../daemons/shared/effects/clock.ts';
import { openNetlink } from '../../../daemons/shared/effects/netlink.ts';
import { vtepMac } from '../../../daemons/shared/model/mac.ts';
import type { SnapshotObject } from '../../../daemons/shared/model/objects.ts';
import { noChange, Snapshot } from '../../../daemons/shared/model/snapshot.ts';

const [, , peersText = '1000', roundsText = '7'] = process.argv;
const peers = Number(peersText);
const rounds = Number(roundsText);
const drivers = new Set(['vxlan'] as const);

function hostId(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
}

function agentIp(number: number): string {
  return `10.200.${number >> 8}.${number & 255}`;
}

/** Every host has a /24 of 10.64.0.0/10. */
function blockOf(number: number): string {
  return `10.${64 + (number >> 8)}.${number & 255}.0/24`;
}

function objectsOf(count: number): SnapshotObject[] {
  const objects: SnapshotObject[] = [
    {
      kind: 'network',
      id: hostId(0),
      name: 'corral',
      subnet: '10.64.0.0/10',
      block: 24,
      vni: 1042,
      driver: 'vxlan',
      isDefault: true,
      mtu: null,
      hostPorts: true,
      bridge: 'corral0',
    },
  ];
  for (let number = 1; number <= count + 1; number += 1)
    objects.push(hostObject(number), {
      kind: 'block',
      id: `corral/${blockOf(number)}`,
      network: 'corral',
      cidr: blockOf(number),
      hostId: hostId(number),
    });
  return objects;
}

function hostObject(number: number, address = agentIp(number)): SnapshotObject {
  const id = hostId(number);
  const name = `node-${number}`;
  return {
    kind: 'host',
    id,
    name,
    hostname: name,
    agentIp: address,
    labels: {},
    memory: null,
    milliCpu: null,
    localStorageMb: null,
    vtepMac: vtepMac(id),
  };
}

const netlink = openNetlink();
const overrides = new OverrideIndex();
const facts = new Facts(netlink, systemClock.now);

async function keep(driver: OverlayDriver, snapshot: Snapshot): Promise<number> {
  const wish = wantNetworks(snapshot, overrides.update(snapshot, noChange), drivers);
  const outer = wish.networks.flatMap((network) => network.peers.map(({ address }) => address));
  const outcome = await driver.keep({
    networks: wish.networks,
    guarded: [],
    complete: true,
    facts: await facts.read({ own: [], peers: outer }),
  });
  if (outcome.failed[0]) throw outcome.failed[0].error;
  return outcome.writes;
}

async function timed(work: () => Promise<unknown>): Promise<{ ms: number; cpuMs: number }> {
  const cpu = process.cpuUsage();
  const begun = performance.now();
  await work();
  const ms = performance.now() - begun;
  const { user, system } = process.cpuUsage(cpu);
  return { ms, cpuMs: (user + system) / 1_000 };
}

function batches(): { bridge: string; ip: string } {
  const bridge: string[] = [];
  const ip: string[] = [];
  for (let number = 2; number <= peers + 1; number += 1) {
    const [via, mac] = [blockOf(number).replace('/24', ''), vtepMac(hostId(number))];
    bridge.push(`fdb replace ${mac} dev vtep1042 dst ${agentIp(number)} self permanent`);
    ip.push(`neigh replace ${via} lladdr ${mac} dev vtep1042 nud permanent`);
    ip.push(`route replace ${blockOf(number)} via ${via} dev vtep1042 onlink proto 143 src 10.64.1.1`);
  }
  return { bridge: `${bridge.join('\n')}\n`, ip: `${ip.join('\n')}\n` };
}

/** Wall time of both programs, and what they used of the processor. */
function batched(folder: string): { ms: number; cpuMs: number } {
  const begun = performance.now();
  const out = execFileSync('bash', ['-c', 'bridge -batch $0/bridge && ip -batch $0/ip && times', folder], {
    encoding: 'utf8',
  });
  const ms = performance.now() - begun;
  const [user = 0, system = 0] = (out.trim().split('\n').at(-1) ?? '').split(' ').map((part) => {
    const [, minutes, seconds] = /(\d+)m([\d.]+)s/.exec(part) ?? [];
    return Number(minutes) * 60 + Number(seconds);
  });
  return { ms, cpuMs: (user + system) * 1_000 };
}

const results: Record<string, { ms: number; cpuMs: number }[]> = {
  driver: [],
  batch: [],
  change: [],
  none: [],
  look: [],
};
const alone = Snapshot.empty(hostId(1)).apply({ put: objectsOf(0), drop: [] }, { revision: 1, complete: true });
const full = Snapshot.empty(hostId(1)).apply({ put: objectsOf(peers), drop: [] }, { revision: 2, complete: true });
const folder = mkdtempSync(join(tmpdir(), 'co-'));
for (const [name, lines] of Object.entries(batches())) writeFileSync(join(folder, name), lines);
for (let round = 0; round < rounds + 2; round += 1) {
  const driver = vxlanDriver(netlink);
  await keep(driver, alone);
  results.batch!.push(batched(folder));
  driver.doubt();
  await keep(driver, alone);
  results.driver!.push(await timed(() => keep(driver, full)));
  let moved = full;
  for (let turn = 0; turn < 5; turn += 1) {
    const put = [hostObject(2 + turn, `10.201.${round}.${turn + 1}`)];
    moved = moved.apply({ put, drop: [] }, { revision: 3 + turn, complete: true });
    const next = moved;
    results.change!.push(await timed(() => keep(driver, next)));
  }
  const last = moved;
  results.none!.push(await timed(() => keep(driver, last)));
  driver.doubt();
  results.look!.push(await timed(() => keep(driver, last)));
}
// The first rounds compile.
for (const name of Object.keys(results)) results[name] = results[name]!.slice(name === 'change' ? 10 : 2);
process.stdout.write(`${JSON.stringify(results)}\n`);
rmSync(folder, { recursive: true });
process.exit(0);
