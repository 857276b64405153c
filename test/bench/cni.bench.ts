// The plugins against the reference plugins (bridge and host-local of containernetworking-plugins) with an equal
// configuration, alternating in one run: one after another, and two hundred at once; with the whole suite running.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Machine, makeMachine, writeIn } from '../docker/support/machine.ts';
import { repository, startSuite } from '../docker/support/suite.ts';
import { median } from './figures.ts';
import type { Bench } from './main.ts';

interface Plugin {
  readonly program: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** One more variable, `NAME=value`. */
  readonly variable?: string;
}

/** In turn, one attachment after another with ADD, CHECK and DEL; or all ADDs at once, then all DELs. */
interface Job {
  readonly plugins: Readonly<Record<string, Plugin>>;
  readonly mode: 'turn' | 'once';
  readonly rounds: number;
}

/** `<plugin> <verb>` to milliseconds: of each call, or of all together. */
type Times = Record<string, number[]>;

const rounds = 100;
const crowd = 200;
const namespaces = Array.from({ length: crowd }, (_, at) => `n${at}`);

const reference = (name: string, subnet: string, ipMasq: boolean): Plugin => ({
  program: '/usr/lib/cni/bridge',
  config: {
    cniVersion: '1.0.0',
    name,
    type: 'bridge',
    bridge: name,
    isDefaultGateway: true,
    hairpinMode: true,
    mtu: 1450,
    ipMasq,
    ipam: { type: 'host-local', subnet, dataDir: '/run/host-local' },
  },
});

const ours = (variable?: string): Plugin => ({
  program: '/opt/cni/bin/corral-bridge',
  config: { cniVersion: '1.0.0', name: 'corral', type: 'corral-bridge', ipam: { type: 'corral-ipam' } },
  ...(variable !== undefined && { variable }),
});

/** Another root, where no daemon listens. */
const aloneBlock = {
  version: 1,
  network: 'corral',
  subnet: '10.99.0.0/16',
  cidrs: ['10.99.0.0/16'],
  gateway: '10.99.0.1',
  bridge: 'alone0',
  mtu: 1450,
};

async function run(): Promise<void> {
  const undo: (() => void | Promise<void>)[] = [];
  try {
    const machine = await makeMachine({ teardown: (work) => undo.unshift(work) });
    furnish(machine);
    const suite = await startSuite(machine);
    const before = memoryOf(machine, suite.pidOf('network-manager'));
    const plugins = {
      reference: reference('ref0', '10.97.0.0/16', false),
      'with ipMasq': reference('refmasq0', '10.98.0.0/16', true),
      ours: ours(),
      standalone: ours('CORRAL_ROOT=/run/alone'),
    };
    measure(machine, { plugins, mode: 'turn', rounds: 3 });
    const turns = measure(machine, { plugins, mode: 'turn', rounds });
    for (const verb of ['ADD', 'CHECK', 'DEL']) print(`${verb}, one after another`, verb, turns);
    const { standalone: _, ...hosted } = plugins;
    const together = measure(machine, { plugins: hosted, mode: 'once', rounds: 3 });
    for (const verb of ['ADD', 'DEL']) print(`${crowd} ${verb} at once`, verb, together);
    const after = memoryOf(machine, suite.pidOf('network-manager'));
    console.log(`network-manager, which hosts the plugins: ${before} MB before, ${after} MB after`);
  } finally {
    for (const work of undo) await work();
  }
}

function furnish(machine: Machine): void {
  machine.sh(`mkdir -p /etc/corral /opt/cni/bin /run/alone/run/corral/blocks /run/netns
    cp -a ${repository}/dist/cni/. /opt/cni/bin/ && rm -rf /opt/cni/bin/.corral
    ln -s ${repository}/dist/cni/.corral /opt/cni/bin/.corral`);
  writeIn(
    machine,
    '/etc/corral/corral.yaml',
    'engines: []\nnetworks: [{ name: corral, subnet: 10.42.0.0/16, block: 22 }]\n',
  );
  writeIn(machine, '/run/alone/run/corral/blocks/corral.json', JSON.stringify(aloneBlock));
  machine.sh(`for name in ${namespaces.join(' ')}; do ip netns add $name; done`, { timeoutMs: 120_000 });
}

/** By a program in C, built for this run; see there for what it reads and writes. */
function measure(machine: Machine, { plugins, mode, rounds }: Job): Times {
  const dir = mkdtempSync(join(tmpdir(), 'bench-'));
  try {
    const source = new URL('./support/run-plugins.c', import.meta.url).pathname;
    execFileSync('cc', ['-std=gnu11', '-O2', '-o', join(dir, 'run'), source]);
    const lines = Object.entries(plugins).map(([name, { program, config, variable }]) =>
      [name, program, JSON.stringify(config), ...(variable === undefined ? [] : [variable])].join('\t'),
    );
    writeIn(machine, '/run/job', `${lines.join('\n')}\n`);
    const command = `${join(dir, 'run')} ${mode} ${rounds} ${namespaces.length} </run/job`;
    return timesIn(machine.sh(command, { timeoutMs: 600_000 }));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function timesIn(text: string): Times {
  const times: Times = {};
  for (const line of text.trimEnd().split('\n')) {
    const [name, verb, ms] = line.split('\t');
    const row = `${name} ${verb}`;
    times[row] ??= [];
    times[row].push(Number(ms));
  }
  return times;
}

/** Medians, and each as a part of the reference's. */
function print(title: string, verb: string, times: Times): void {
  const of = (name: string): number | undefined => {
    const found = times[`${name} ${verb}`];
    return found && median(found);
  };
  const [plain = Number.NaN, masq = Number.NaN] = [of('reference'), of('with ipMasq')];
  console.log(`${title}: reference ${plain.toFixed(1)} ms, with ipMasq ${masq.toFixed(1)} ms`);
  for (const name of ['ours', 'standalone']) {
    const ms = of(name);
    if (ms === undefined) continue;
    const ratios = `${(ms / plain).toFixed(2)} of it, ${(ms / masq).toFixed(2)} with ipMasq`;
    console.log(`  ${name.padEnd(10)} ${ms.toFixed(1)} ms: ${ratios}`);
  }
}

/** Proportional set size, MB. */
function memoryOf(machine: Machine, pid: number): number {
  return Math.round(Number(machine.sh(`awk '/^Pss:/ { print $2 }' /proc/${pid}/smaps_rollup`)) / 1024);
}

export default { describe: `CNI plugins, ${cpus()}`, run } satisfies Bench;

function cpus(): string {
  const models = readFileSync('/proc/cpuinfo', 'utf8').match(/^processor/gm) ?? [];
  return `${models.length} processors`;
}
