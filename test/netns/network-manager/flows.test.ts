import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import t from 'tap';
import { container } from '../../unit/support/snapshots.ts';
import { exec, isRoot, makeNamespace, type Namespace, type TestScope, until } from '../support/namespaces.ts';
import { startKeepers } from './support/keepers.ts';
import { type Lab, makeLab, objects, plug } from './support/lab.ts';

if (!isRoot) t.plan(0, 'needs root');
t.setTimeout(120_000);

function start(t: TestScope, ns: Namespace, program: string, ...args: string[]): string[] {
  const path = new URL(`./support/${program}.ts`, import.meta.url).pathname;
  const child = spawn('/usr/sbin/ip', ['netns', 'exec', ns.name, process.execPath, path, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  t.teardown(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  return lines;
}

async function serveAs(t: TestScope, ns: Namespace, name: string): Promise<void> {
  const lines = start(t, ns, 'named-server', name, '80');
  await until(5_000, `${name} serves`, () => lines.includes('up'));
}

const ports = ['0.0.0.0:8080:80/udp', '0.0.0.0:8080:80/tcp'];
const a = container('a', '10.42.7.9', ports);
const b = container('b', '10.42.7.10', ports);

async function makeBed(t: TestScope): Promise<Lab> {
  const lab = await makeLab(t);
  await Promise.all([serveAs(t, lab.one, 'A'), serveAs(t, lab.two, 'B')]);
  return lab;
}

t.test('conversations follow a port to its new container', async (t) => {
  const { host, neighbour, keepers } = await makeBed(t);
  const early = start(t, neighbour, 'talker', 'udp', '192.0.2.1', '8080');
  await until(5_000, 'a conversation before there is a port', () =>
    exec(host, 'conntrack', ['-L', '-p', 'udp']).includes('dport=8080'),
  );
  keepers.send([...objects, a]);
  await until(3_000, 'A hears what began before', () => early.at(-1) === 'A');
  const udp = start(t, neighbour, 'talker', 'udp', '192.0.2.1', '8080');
  const local = start(t, host, 'talker', 'udp', '127.0.0.1', '8080');
  const tcp = start(t, neighbour, 'talker', 'tcp', '192.0.2.1', '8080');
  await until(5_000, 'A answers all', () => [udp, local, tcp].every((lines) => lines.at(-1) === 'A'));
  const begun = performance.now();
  keepers.send([...objects, b]);
  await until(3_000, 'B answers', () => [early, udp, local].every((lines) => lines.at(-1) === 'B'));
  const took = performance.now() - begun;
  t.comment(`UDP followed in ${took.toFixed(0)} ms`);
  t.ok(took < 1_000, 'within a second');
  t.ok(await until(3_000, 'the connection to A is refused', () => tcp.at(-1) === 'ECONNRESET'));
  keepers.send(objects);
  await until(3_000, 'nobody is asked any more', () => {
    const flows = exec(host, 'conntrack', ['-L', '-p', 'udp']).split('\n');
    return !flows.some((line) => line.includes('dport=8080') && line.includes('src=10.42.7.'));
  });
  await keepers.becomes({ condition: 'flows', code: null });
});

t.test('flows of others stay', async (t) => {
  const { host, neighbour, one, keepers } = await makeBed(t);
  const other = makeNamespace(t, 'fo');
  plug(host, other, 'docker0', 'vo', '172.17.0.3/16', '172.17.0.1');
  await serveAs(t, other, 'D');
  await serveAs(t, neighbour, 'N');
  exec(host, 'iptables', [
    '-t',
    'nat',
    '-A',
    'PREROUTING',
    '-p',
    'udp',
    '--dport',
    '9000',
    '-j',
    'DNAT',
    '--to',
    '172.17.0.3:80',
  ]);
  exec(host, 'iptables', [
    '-t',
    'nat',
    '-I',
    'POSTROUTING',
    '-p',
    'udp',
    '-s',
    '10.42.7.9',
    '-j',
    'MASQUERADE',
    '--to-ports',
    '8080',
  ]);
  const theirs = start(t, neighbour, 'talker', 'udp', '192.0.2.1', '9000');
  const outward = start(t, one, 'talker', 'udp', '192.0.2.2', '80');
  await until(5_000, 'they talk', () => theirs.at(-1) === 'D' && outward.at(-1) === 'N');
  const ids = (): string[] =>
    [...exec(host, 'conntrack', ['-L', '-o', 'id', '-p', 'udp']).matchAll(/id=(\d+)/g)]
      .map((match) => match[1]!)
      .sort();
  const before = ids();
  t.equal(before.length, 2);
  keepers.send([...objects, container('b', '10.42.7.10', [...ports, '0.0.0.0:9000:80/udp'])]);
  await until(3_000, 'published', () => exec(host, 'iptables-save', ['-t', 'nat']).includes('10.42.7.10:80'));
  await until(3_000, 'looked at', async () => (await keepers.count('passes', 'flows')) > 0);
  t.same(ids(), before, 'somebody else translates, and a source port is not a published one');
});

t.test('a port that went while nobody was there', async (t) => {
  const { host, neighbour, keepers } = await makeBed(t);
  keepers.send([...objects, a, container('c', '10.42.7.10', ['0.0.0.0:8081:80/udp'])]);
  const gone = start(t, neighbour, 'talker', 'udp', '192.0.2.1', '8080');
  const stays = start(t, neighbour, 'talker', 'udp', '192.0.2.1', '8081');
  await until(20_000, 'both are answered', () => gone.at(-1) === 'A' && stays.at(-1) === 'B');
  const flows = (port: number): string =>
    exec(host, 'conntrack', ['-L', '-o', 'id', '-p', 'udp'])
      .split('\n')
      .filter((line) => line.includes(`dport=${port} `) && line.includes('src=10.42.7.'))
      .map((line) => /id=\d+/.exec(line)?.[0])
      .join();
  const before = flows(8081);
  t.ok(before && flows(8080));
  await keepers.stop();
  const successor = startKeepers(t, host);
  successor.send([...objects, container('c', '10.42.7.10', ['0.0.0.0:8081:80/udp'])]);
  await until(20_000, 'its flow is taken out', () => flows(8080) === '');
  t.equal(flows(8081), before, 'that of the other port is the same');
});
