// Large transfers between containers, and what they must not leave on the underlay.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { patience } from '../../../../daemons/shared/effects/patience.ts';
import { exec, type Namespace, type TestScope, until } from '../../support/namespaces.ts';

const port = '5001';
/** Whatever hangs ends itself. */
const limitSeconds = 60;

/** Sends so many bytes over TCP; resolves with how many arrived. */
export async function transfer(from: Namespace, to: Namespace, address: string, bytes: number): Promise<number> {
  const limit = limitSeconds * patience;
  const inside = ({ name }: Namespace, line: string) =>
    spawn('ip', ['netns', 'exec', name, 'sh', '-c', line], { stdio: ['ignore', 'pipe', 'ignore'] });
  const sink = inside(to, `timeout ${limit} nc -l -p ${port} | wc -c`);
  let seen = '';
  sink.stdout.on('data', (chunk) => {
    seen += chunk;
  });
  await until(10_000, 'somebody listens', () => exec(to, 'ss', ['-Hltn', `sport = :${port}`]) !== '');
  const source = inside(from, `head -c ${bytes} /dev/zero | timeout ${limit} nc -N ${address} ${port}`);
  await Promise.all([once(sink, 'close'), once(source, 'close')]);
  return Number(seen);
}

/** Fragments that the host has made or put together. */
export function fragmentsOf(ns: Namespace): number {
  const [heads, values] = exec(ns, 'cat', ['/proc/net/snmp'])
    .split('\n')
    .filter((line) => line.startsWith('Ip:'))
    .map((line) => line.split(' '));
  return ['FragCreates', 'ReasmReqds'].reduce((sum, key) => sum + Number(values![heads!.indexOf(key)]), 0);
}

/** Listens for fragments on all devices of a router or switch. */
export async function watchFragments(t: TestScope, ns: Namespace): Promise<() => readonly string[]> {
  const words = ['tcpdump', '-i', 'any', '-n', '-l', 'ip[6:2] & 0x3fff != 0 or ip6[6] == 44'];
  const child = spawn('ip', ['netns', 'exec', ns.name, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  t.teardown(() => void child.kill('SIGKILL'));
  let [said, lines] = ['', ''];
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  child.stdout.on('data', (chunk) => {
    lines += chunk;
  });
  await until(30_000, 'somebody listens', () => said.includes('listening on'));
  return () => lines.split('\n').filter(Boolean);
}
