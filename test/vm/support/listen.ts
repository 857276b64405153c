// What somebody who listens between hosts sees: every packet on their switch, while containers send a marker all the time.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { plain, plain6 } from '../../netns/overlay/support/secret-hosts.ts';
import { exec, type Namespace, type TestScope, uniqueName, until } from '../../netns/support/namespaces.ts';

/** Sixteen bytes, which ping(8) repeats through its packets. */
const marker = 'corral-plaintext';

/** Packets full of the marker until it is stopped or the test ends. */
export function sendMarker(t: TestScope, from: Namespace, to: string, seconds: number) {
  const words = ['-n', '-i', String(seconds), '-s', '96', '-p', Buffer.from(marker).toString('hex'), to];
  const child = spawn('ip', ['netns', 'exec', from.name, 'ping', ...words], { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  t.teardown(() => void child.kill('SIGKILL'));
  return {
    async stop(): Promise<{ sent: number; lost: number }> {
      child.kill('SIGINT');
      await ended(child);
      const [, sent = 0, came = 0] = /(\d+) packets transmitted, (\d+) received/.exec(text) ?? [];
      return { sent: Number(sent), lost: Number(sent) - Number(came) };
    },
  };
}

/** Each container sends to that of the next host, by both families, until the test ends. */
export function sendMarkers(t: TestScope, containers: readonly Namespace[]): void {
  for (const [at, from] of containers.entries()) {
    const next = ((at + 1) % containers.length) + 1;
    sendMarker(t, from, plain(next), 0.2);
    sendMarker(t, from, plain6(next), 0.5);
  }
}

/**
 * Keeps every packet that passes the switch.
 *
 * @param tunnel what the tunnel's packets look like (pcap-filter(7)); these are counted, up to 300
 */
export async function listen(t: TestScope, sw: Namespace, tunnel: string) {
  const file = `/tmp/${uniqueName('cap')}.pcap`;
  const words = ['tcpdump', '-i', 'any', '-n', '-U', '-s', '0', '-w', file];
  const child = spawn('ip', ['netns', 'exec', sw.name, ...words], { stdio: ['ignore', 'ignore', 'pipe'] });
  let text = '';
  child.stderr.on('data', (chunk) => {
    text += chunk;
  });
  t.teardown(() => {
    child.kill('SIGKILL');
    rmSync(file, { force: true });
  });
  await until(30_000, 'somebody listens', () => text.includes('listening on'));
  return {
    async stop(): Promise<{ packets: number; markers: number; inner: string[] }> {
      child.kill('SIGINT');
      await ended(child);
      // The first of them are enough, and all would be more than one answer holds.
      const read = (filter: string): string[] =>
        exec(sw, 'sh', ['-c', `tcpdump -n -r ${file} '${filter}' 2>/dev/null | head -n 300`])
          .split('\n')
          .filter(Boolean);
      return {
        packets: read(tunnel).length,
        markers: readFileSync(file).toString('latin1').split(marker).length - 1,
        inner: read('net 10.42.0.0/16 or net fd42::/48').slice(0, 5),
      };
    },
  };
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('close', () => resolve()));
}
