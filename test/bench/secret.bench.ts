// Networks that are encrypted: the connections of many peers loaded into one charon, against swanctl with a file of the same; then
// traffic over each driver side by side, in the virtual machine of the tests.
import { spawnSync } from 'node:child_process';
import { exec, makeNamespace, type TestScope } from '../netns/support/namespaces.ts';
import { median, renderFigures } from './figures.ts';
import type { Bench } from './main.ts';
import { carryTraffic } from './support/secret/carry-traffic.ts';

const peers = 200;
const rounds = 5;

export type LoadSamples = Record<'loaded' | 'swanctl' | 'again' | 'change' | 'list', number[]>;

async function run(): Promise<void> {
  const undo: (() => void | Promise<void>)[] = [];
  const scope: TestScope = { teardown: (work) => undo.unshift(work) };
  try {
    loadConnections(scope);
  } finally {
    for (const work of undo) await work();
  }
  await carryTraffic();
}

function loadConnections(scope: TestScope): void {
  const ns = makeNamespace(scope, 'bs');
  for (const line of [
    'link add eth0 type veth peer name eth1',
    'link set eth0 up',
    'link set eth1 up',
    'addr add 10.200.0.1/13 dev eth0',
    'link add corral0 type bridge',
    'link set corral0 up',
    'addr add 10.42.1.1/24 dev corral0',
  ]) {
    exec(ns, 'ip', line.split(' '));
  }
  const child = new URL('support/secret-child.ts', import.meta.url).pathname;
  const args = ['netns', 'exec', ns.name, process.execPath, child, String(peers), String(rounds)];
  const done = spawnSync('ip', args, { encoding: 'utf8', timeout: 300_000, maxBuffer: 1 << 26 });
  if (done.status !== 0) throw new Error(`the measured process ended with ${done.status}: ${done.stderr}`);
  const samples = JSON.parse(done.stdout) as LoadSamples;
  const show = (what: string, name: keyof LoadSamples): void =>
    console.log(`${what.padEnd(52)} ${renderFigures(samples[name], 'ms')}`);
  show(`${peers} peers into a new charon, its start included`, 'loaded');
  show(`the same by swanctl --load-all, without the start`, 'swanctl');
  show('the same again: every connection is compared', 'again');
  show('one peer of them has another key', 'change');
  show('list all connections and associations', 'list');
  console.log(`ratio to swanctl: ${(median(samples.loaded) / median(samples.swanctl)).toFixed(2)}`);
}

const bench: Bench = {
  describe: `secret: ${peers} peers’ IPsec connections in one charon, ${rounds} rounds`,
  run,
};
export default bench;
