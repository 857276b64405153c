// The overlay: a thousand peers from nothing against iproute2's batches of the same entries, one change, none; then throughput and
// latency of two hosts against the same devices made by hand.
import { spawn, spawnSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { vtepMac } from '../../daemons/shared/model/mac.ts';
import {
  cluster,
  type Host,
  hostIdOf,
  makeContainer,
  makeHost,
  makeSwitch,
  patience,
  pings,
  startAll,
} from '../netns/overlay/support/hosts.ts';
import { exec, makeNamespace, type Namespace, type TestScope, until } from '../netns/support/namespaces.ts';
import { median, renderFigures } from './figures.ts';
import type { Bench } from './main.ts';

const peers = 1_000;
const rounds = 15;
const transfers = 7;
const transferSeconds = 3;
const questions = 2_000;

async function run(): Promise<void> {
  const undo: (() => void | Promise<void>)[] = [];
  const scope: TestScope = { teardown: (work) => undo.unshift(work) };
  try {
    await programPeers(scope);
    await carryTraffic(scope);
  } finally {
    for (const work of undo) await work();
  }
}

type Samples = Record<'driver' | 'batch' | 'change' | 'none' | 'look', { ms: number; cpuMs: number }[]>;

async function programPeers(scope: TestScope): Promise<void> {
  const ns = makeNamespace(scope, 'bo');
  for (const line of [
    'link add eth0 type veth peer name eth1',
    'link set eth0 up',
    'link set eth1 up',
    'addr add 10.200.0.1/13 dev eth0',
    'link add corral0 type bridge',
    'link set corral0 up',
    'addr add 10.64.1.1/24 dev corral0',
  ]) {
    exec(ns, 'ip', line.split(' '));
  }
  const child = new URL('support/overlay-child.ts', import.meta.url).pathname;
  const args = ['netns', 'exec', ns.name, process.execPath, child, String(peers), String(rounds)];
  const done = spawnSync('ip', args, { encoding: 'utf8', timeout: 300_000, maxBuffer: 1 << 26 });
  if (done.status !== 0) throw new Error(`the measured process ended with ${done.status}: ${done.stderr}`);
  const samples = JSON.parse(done.stdout) as Samples;
  const show = (what: string, name: keyof Samples): void => {
    const of = (key: 'ms' | 'cpuMs'): string =>
      renderFigures(
        samples[name].map((one) => one[key]),
        'ms',
        1,
      );
    console.log(`${what.padEnd(44)} ${of('ms')}; of the processor ${of('cpuMs')}`);
  };
  show(`${peers} peers from nothing`, 'driver');
  show('bridge -batch and ip -batch of the same', 'batch');
  const ratio = (key: 'ms' | 'cpuMs'): string =>
    (median(samples.driver.map((one) => one[key])) / median(samples.batch.map((one) => one[key]))).toFixed(2);
  console.log(`ratio                                        ${ratio('ms')} (processor ${ratio('cpuMs')}); goal 1.5`);
  show(`one change among ${peers}`, 'change');
  show('no change', 'none');
  show('no change, everything read anew', 'look');
}

/** Two containers on two hosts. */
interface Pair {
  readonly from: Namespace;
  readonly to: Namespace;
  readonly address: string;
}

async function carryTraffic(scope: TestScope): Promise<void> {
  const ours = await makePair(scope, async (hosts) => void (await startAll(scope, hosts)));
  const byHand = await makePair(scope, async (hosts) => {
    for (const host of hosts) makeTunnel(host, hosts.find((other) => other !== host)!);
  });
  const rates = { ours: [] as number[], byHand: [] as number[] };
  const waits = { ours: [] as number[], byHand: [] as number[] };
  for (let round = 0; round < transfers; round += 1) {
    // In turn, and each first as often as the other.
    for (const name of round % 2 === 0 ? (['ours', 'byHand'] as const) : (['byHand', 'ours'] as const)) {
      const pair = name === 'ours' ? ours : byHand;
      rates[name].push(await throughput(pair));
      waits[name].push(latency(pair));
    }
  }
  console.log(`TCP from container to container              ${renderFigures(rates.ours, 'Gbit/s', 2)}`);
  console.log(`by hand                                      ${renderFigures(rates.byHand, 'Gbit/s', 2)}`);
  console.log(
    `ratio                                        ${(median(rates.ours) / median(rates.byHand)).toFixed(3)}; goal 0.98`,
  );
  console.log(`round trip                                   ${renderFigures(waits.ours, 'us', 1)}`);
  console.log(`by hand                                      ${renderFigures(waits.byHand, 'us', 1)}`);
}

async function makePair(scope: TestScope, connectHosts: (hosts: readonly Host[]) => Promise<void>): Promise<Pair> {
  const sw = makeSwitch(scope);
  const hosts = await Promise.all([1, 2].map((number) => makeHost(scope, sw, number, cluster(2))));
  // Every host with containers tracks connections, for masquerading; that costs a tenth, with whatever tunnel.
  for (const { ns } of hosts) {
    exec(ns, 'iptables', ['-A', 'FORWARD', '-m', 'conntrack', '--ctstate', 'INVALID', '-j', 'DROP']);
  }
  await connectHosts(hosts);
  const [first, second] = [hosts[0]!, hosts[1]!];
  const from = makeContainer(scope, first, '10.42.1.5/24', { gateway: '10.42.1.1' });
  const to = makeContainer(scope, second, '10.42.2.5/24', { gateway: '10.42.2.1' });
  await until(patience, 'container reaches container', () => pings(from, '10.42.2.5'));
  return { from, to, address: '10.42.2.5' };
}

/** The same device and entries as the overlay makes, by iproute2, and none of its rules. */
function makeTunnel({ ns, number, id }: Host, peer: Host): void {
  const ip = (line: string): string => exec(ns, 'ip', line.split(' '));
  const local = `192.168.50.${10 + number}`;
  ip(`link add vtep1042 address ${vtepMac(id)} mtu 1450 type vxlan id 1042 dstport 4789 local ${local} nolearning`);
  ip('link set vtep1042 up');
  const mac = vtepMac(hostIdOf(peer.number));
  const [via, dst] = [`10.42.${peer.number}.0`, `192.168.50.${10 + peer.number}`];
  exec(ns, 'bridge', `fdb replace ${mac} dev vtep1042 dst ${dst} self permanent`.split(' '));
  ip(`neigh replace ${via} lladdr ${mac} dev vtep1042 nud permanent`);
  ip(`route replace ${via}/24 via ${via} dev vtep1042 onlink src 10.42.${number}.1`);
}

/** Gbit/s. */
async function throughput({ from, to, address }: Pair): Promise<number> {
  const server = spawn('ip', ['netns', 'exec', to.name, 'timeout', '60', 'iperf3', '-s', '-1'], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  await until(patience, 'iperf3 listens', () => exec(to, 'ss', ['-ltn']).includes(':5201'));
  const text = exec(from, 'iperf3', ['-c', address, '-t', String(transferSeconds), '-J']);
  await ended;
  await pause(100);
  const report = JSON.parse(text) as { end: { sum_received: { bits_per_second: number } } };
  return report.end.sum_received.bits_per_second / 1e9;
}

/** Microseconds, the mean of many. */
function latency({ from, address }: Pair): number {
  const text = exec(from, 'ping', ['-q', '-f', '-c', String(questions), address]);
  return Number(/= [\d.]+\/([\d.]+)\//.exec(text)?.[1]) * 1_000;
}

const bench: Bench = {
  describe: `Overlay: ${peers} peers, ${rounds} rounds; ${transfers} transfers of ${transferSeconds} s, in turn with devices made by hand`,
  run,
};
export default bench;
