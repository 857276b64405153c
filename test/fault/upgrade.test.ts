// F22: an upgrade to this version and back, under 1,000 packets a second between two containers; then the removal.
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { type Machine, makeMachine } from '../docker/support/machine.ts';
import { isRoot, until } from '../netns/support/namespaces.ts';
import { networkState } from '../netns/support/network-state.ts';
import { packDirectory, packPrevious } from '../netns/support/release.ts';

if (!isRoot) {
  t.plan(0, 'needs root');
  process.exit(0);
}

t.setTimeout(500_000);

t.test('no packet is lost by an upgrade or by the way back, and a removal leaves nothing', async (t) => {
  const old = packPrevious(t);
  t.comment(`upgraded from ${old.of}`);
  const current = packDirectory(t);
  const machine = await makeMachine(t);
  const sh = (line: string): string => machine.sh(line, { timeoutMs: 240_000 });
  // What /usr/local holds is the machine's that runs the test.
  sh('mount -t tmpfs none /usr/local/bin && mkdir -p /run/netns');
  const before = networkState(sh);
  sh("mkdir -p /etc/corral && echo 'engines: []' >/etc/corral/corral.yaml");
  t.match(sh(`${old.directory}/install`), /start the suite with: corral up/, 'installed, and it says what is next');
  machine.start('/usr/local/bin/corral', ['up']);
  await until(90_000, 'every daemon is ready', () => isReady(machine));
  for (const name of ['a', 'b']) {
    sh(`touch /run/netns/${name} && unshare --net=/run/netns/${name} true
      corral attach /run/netns/${name} --name ${name}`);
  }
  const used = versionOf(sh);
  sh('corral cni install');

  for (const [what, command, wanted] of [
    ['upgrade', `${current}/install`, /^corral (?!0\.0\.1)/],
    ['rollback', '/opt/corral/current/install --rollback', /^corral 0\.0\.1/],
  ] as const) {
    const daemons = pids(sh);
    const traffic = await startTraffic(t, machine, sh);
    const begun = performance.now();
    sh(command);
    const seconds = (performance.now() - begun) / 1_000;
    await until(30_000, 'every daemon is ready', () => isReady(machine));
    const { received, lost } = await traffic.stop();
    t.equal(lost, 0, `${what}: 0 lost of ${received}, in ${seconds.toFixed(1)} s`);
    t.ok(received > 500, 'there was traffic');
    t.equal(sh('readlink /opt/cni/bin/.corral').trim(), '/opt/corral/current/cni/.corral', 'plugins go along');
    t.match(sh('corral version'), wanted, `${what}: the command is the other version`);
    t.notSame(versionOf(sh), what === 'upgrade' ? used : undefined);
    const after = pids(sh);
    t.equal(after.supervisor, daemons.supervisor, `${what}: the supervisor is the same process`);
    for (const name of ['metadata', 'network-manager', 'dns', 'overlay'])
      t.not(after[name], daemons[name], `${what}: ${name} is another`);
  }
  t.equal(versionOf(sh), used, 'back where it began');
  t.notMatch(sh(`ps -o stat= --ppid ${pids(sh).supervisor}`), 'Z', 'no dead daemon stays in the process table');

  sh(`for name in a b; do corral detach /run/netns/$name; umount /run/netns/$name; rm /run/netns/$name; done
    /opt/corral/current/uninstall --purge`);
  t.same(networkState(sh), before, 'the host is as it was');
  for (const path of ['opt/corral', 'opt/cni/bin/rancher-bridge', 'etc/cni/net.d/10-corral-corral.conflist'])
    t.notOk(existsSync(`/proc/${machine.pid}/root/${path}`), `${path} is gone`);
});

function isReady(machine: Machine): boolean {
  const text = machine.sh('corral status --json 2>/dev/null || true');
  const { daemons = [] } = JSON.parse(text || '{}') as { daemons?: { ready: boolean }[] };
  return daemons.length === 5 && daemons.every(({ ready }) => ready);
}

function pids(sh: (line: string) => string): Record<string, number> {
  const { daemons } = JSON.parse(sh('corral status --json || true')) as { daemons: { name: string; pid: number }[] };
  return Object.fromEntries(daemons.map(({ name, pid }) => [name, pid]));
}

function versionOf(sh: (line: string) => string): string {
  return sh('readlink /opt/corral/current').trim();
}

interface Traffic {
  /** Replies that came, and numbers missing between them: what was on its way at the end is not counted. */
  stop(): Promise<{ received: number; lost: number }>;
}

/** One alone would be held up by its own output. */
const [streamCount, perStream] = [5, 200];

async function startTraffic(
  t: { teardown(work: () => void): void },
  machine: Machine,
  sh: (line: string) => string,
): Promise<Traffic> {
  const address = /inet ([\d.]+)/.exec(sh('nsenter --net=/run/netns/b ip -4 address show eth0'))![1]!;
  const folder = mkdtempSync(join(tmpdir(), 'co-up-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const streams = Array.from({ length: streamCount }, (_, at) => {
    const log = join(folder, `ping-${at}`);
    const line = `echo "pid $$"; exec nsenter --net=/run/netns/a ping -n -i ${1 / perStream} ${address}`;
    const fd = openSync(log, 'w');
    const ping = machine.start('sh', ['-c', line], { logFd: fd });
    closeSync(fd);
    return { ping, said: () => readFileSync(log, 'utf8') };
  });
  await until(15_000, 'a reaches b', () => streams.every(({ said }) => said().includes('icmp_seq=')));
  return {
    async stop() {
      sh(`kill -INT ${streams.map(({ said }) => /^pid (\d+)$/m.exec(said())![1]).join(' ')}`);
      const all = streams.every.bind(streams);
      await until(15_000, 'ping ends', () => all(({ ping }) => ping.exitCode !== null || ping.signalCode !== null));
      const numbers = streams.map(({ said }) =>
        [...said().matchAll(/icmp_seq=(\d+) ttl/g)].map(([, seq]) => Number(seq)),
      );
      const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
      return { received: sum(numbers.map(({ length }) => length)), lost: sum(numbers.map(countGaps)) };
    },
  };
}

/** Numbers have 16 bits, and start again. */
function countGaps(numbers: readonly number[]): number {
  let lost = 0;
  for (let at = 1; at < numbers.length; at += 1) lost += (numbers[at]! - numbers[at - 1]! - 1 + 65_536) % 65_536;
  return lost;
}
