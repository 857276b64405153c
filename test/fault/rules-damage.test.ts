// F4: somebody damages the rules while a published port is in use.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createInterface } from 'node:readline';
import t from 'tap';
import { ask, type Lab, makeLab, objects, serve } from '../netns/network-manager/support/lab.ts';
import { exec, isRoot, type Namespace, type TestScope, until } from '../netns/support/namespaces.ts';
import { container } from '../unit/support/snapshots.ts';

if (!isRoot) t.plan(0, 'needs root');
t.setTimeout(170_000);

type Backend = 'nft' | 'legacy';
const limitMs = 10_000;

/** The administrator's and Docker's, there before us. */
const theirs: readonly string[][] = [
  ['-P', 'FORWARD', 'DROP'],
  ['-N', 'DOCKER-USER'],
  ['-A', 'FORWARD', '-j', 'DOCKER-USER'],
  ['-A', 'FORWARD', '-i', 'docker0', '-j', 'ACCEPT'],
  ['-A', 'INPUT', '-p', 'tcp', '--dport', '23', '-j', 'DROP'],
  ['-t', 'nat', '-N', 'DOCKER'],
  ['-t', 'nat', '-A', 'PREROUTING', '-m', 'addrtype', '--dst-type', 'LOCAL', '-j', 'DOCKER'],
  ['-t', 'nat', '-A', 'POSTROUTING', '-s', '172.17.0.0/16', '!', '-o', 'docker0', '-j', 'MASQUERADE'],
];

interface Bed extends Lab {
  readonly iptables: (...args: string[]) => void;
  readonly restore: (text: string) => void;
  /** All rules without counters. */
  readonly rules: () => string;
  /** Rules of ours, in order. */
  readonly ours: () => string;
  /** When the longest silence of a conversation through the port began to be counted anew, and what it was, ms. */
  readonly silence: { reset(): void; longest(): number };
}

async function makeBed(t: TestScope, backend: Backend): Promise<Bed> {
  const bin = mkdtempSync('/tmp/co-bin-');
  t.teardown(() => rmSync(bin, { recursive: true, force: true }));
  for (const name of ['iptables', 'iptables-save', 'iptables-restore']) {
    symlinkSync(`/usr/sbin/xtables-${backend}-multi`, `${bin}/${name}`);
  }
  const env = { PATH: bin, XTABLES_LOCKFILE: `${bin}/lock` };
  const lab = await makeLab(t, theirs, { env, iptables: `iptables-${backend}` });
  const { host, one, neighbour, keepers } = lab;
  await serve(t, one, '0.0.0.0', 80);
  keepers.send([...objects, container('a', '10.42.7.9', ['0.0.0.0:8080:80/tcp', '0.0.0.0:8080:80/udp'])]);
  await until(5_000, 'the port answers', () => ask(neighbour, 'tcp', '192.0.2.1', 8080) === '192.0.2.2');
  const rules = (): string => exec(host, `iptables-${backend}-save`, []).replaceAll(/\[\d+:\d+\]|^#.*$/gm, '');
  return {
    ...lab,
    iptables: (...args) => void exec(host, `iptables-${backend}`, args),
    restore: (text) => void exec(host, `iptables-${backend}-restore`, [], text),
    rules,
    ours: () =>
      rules()
        .split('\n')
        .filter((line) => /corral:|^:CATTLE|^\*/.test(line))
        .join('\n'),
    silence: listen(t, neighbour),
  };
}

/** New connections, one after the other: what an established one does not notice, they do. */
function listen(t: TestScope, from: Namespace): Bed['silence'] {
  const program = new URL('./support/knock.ts', import.meta.url).pathname;
  const child = spawn('/usr/sbin/ip', ['netns', 'exec', from.name, process.execPath, program, '192.0.2.1', '8080'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => void child.kill('SIGKILL'));
  let last = performance.now();
  let longest = 0;
  createInterface({ input: child.stdout }).on('line', () => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  });
  return {
    reset() {
      longest = 0;
    },
    longest: () => Math.max(longest, performance.now() - last),
  };
}

/** What a firewall does that keeps its own idea of the whole table: ours is not in it. */
const withoutOurs = (rules: string): string =>
  rules
    .split('\n')
    .filter((line) => !line.includes('CATTLE') && !line.includes('corral:'))
    .join('\n');

/** Until the looks after a write of our own are over, so that only the regular one is left. */
async function quiet(): Promise<void> {
  const over = performance.now() + 4_500;
  await until(6_000, 'the looks are over', () => performance.now() > over);
}

const damages: [string, (bed: Bed) => void][] = [
  [
    'all tables flushed',
    ({ iptables }) => {
      for (const table of ['raw', 'nat', 'filter']) iptables('-t', table, '-F');
    },
  ],
  [
    'a chain removed',
    ({ iptables }) => {
      iptables('-t', 'nat', '-F', 'CATTLE_HOSTPORTS');
      iptables('-t', 'nat', '-F', 'CATTLE_HOSTPORTS_TCP_8064');
      iptables('-t', 'nat', '-X', 'CATTLE_HOSTPORTS_TCP_8064');
    },
  ],
  ['a DROP in front of the jump', ({ iptables }) => iptables('-I', 'FORWARD', '-i', 'eth0', '-j', 'DROP')],
  ['the whole table restored by its owner', ({ restore, rules }) => restore(withoutOurs(rules()))],
  [
    "Docker's hooks on top",
    ({ iptables }) => {
      iptables('-D', 'FORWARD', '-j', 'DOCKER-USER');
      iptables('-I', 'FORWARD', '-j', 'DOCKER-USER');
      iptables('-t', 'nat', '-I', 'PREROUTING', '-m', 'addrtype', '--dst-type', 'LOCAL', '-j', 'DOCKER');
    },
  ],
];

for (const backend of ['nft', 'legacy'] as const) {
  t.test(`F4: damaged rules heal, ${backend}`, async (t) => {
    for (const [name, damage] of damages) {
      await t.test(name, async (t) => {
        const bed = await makeBed(t, backend);
        const { ours, rules, keepers, neighbour, silence } = bed;
        const want = ours();
        const healed = await keepers.count('healed', 'rules');
        if (backend === 'legacy' && damage === damages[0]![1]) await quiet(); // nobody tells of changes there
        silence.reset();
        const begun = performance.now();
        damage(bed);
        const foreign = withoutOurs(rules());
        await until(limitMs + 1_000, 'healed', async () => (await keepers.count('healed', 'rules')) > healed);
        const took = performance.now() - begun;
        t.equal(ours(), want, 'as before');
        t.ok(took < limitMs, `within ${limitMs} ms`);
        t.equal(withoutOurs(rules()), foreign, "others' rules are as they left them");
        t.equal(ask(neighbour, 'tcp', '192.0.2.1', 8080), '192.0.2.2', 'the port answers');
        t.comment(`${backend}, ${name}: ${took.toFixed(0)} ms, longest silence ${silence.longest().toFixed(0)} ms`);
      });
    }
  });
}
