// What somebody who listens on the underlay sees: the packets on the lab's switch, by tcpdump, and in them a marker that
// containers send all the time.
import { createReadStream, rmSync } from 'node:fs';
import type { Test } from 'tap';
import { inside6 } from '../../../daemons/supervisor/lab/plan-lab.ts';
import type { TestScope } from '../../netns/support/namespaces.ts';
import { uniqueName, until } from '../../netns/support/namespaces.ts';
import type { TestLab } from './lab.ts';

/** Sixteen bytes, which ping(8) repeats through its packets. */
export const marker = 'corral-plaintext';
const markerHex = Buffer.from(marker).toString('hex');

/** How many packets there were, how many of them of the tunnels, and what must not be there. */
export interface Seen {
  readonly packets: number;
  readonly tunnelled: number;
  readonly markers: number;
  readonly inner: readonly string[];
  /** When each sender of VXLAN sent its last packet, in ms since the epoch, by its address. */
  readonly vxlan: ReadonlyMap<string, number>;
}

export interface Capture {
  /** Ends it. */
  stop(): Promise<Seen>;
}

/** What packets of the tunnels look like (pcap-filter(7)). */
const tunnels = { ipsec: 'udp port 4500 or esp', wireguard: 'udp port 51820' } as const;

/** The file is in the lab's folder, which the switch sees too. */
export async function capture(t: TestScope, lab: TestLab, driver: keyof typeof tunnels): Promise<Capture> {
  const file = `${lab.lab.plan.dir}/${uniqueName('cap')}.pcap`;
  const line = `echo "pid $$"; exec tcpdump -i any -n -U -s 0 -w ${file}`;
  const dump = lab.start(t, 'switch', 'sh', '-c', line);
  t.teardown(() => rmSync(file, { force: true }));
  await until(15_000, `tcpdump listens: ${dump.said()}`, () => dump.said().includes('listening on'));
  return {
    async stop() {
      const pid = /^pid (\d+)$/m.exec(dump.said())?.[1] ?? '';
      lab.run('switch', 'kill', '-INT', pid);
      await until(10_000, 'tcpdump ends', () => dump.child.exitCode !== null || dump.child.signalCode !== null);
      const listed = (filter: string, rest: string): string =>
        lab.run('switch', 'sh', '-c', `tcpdump -n -r ${file} '${filter}' 2>/dev/null | ${rest}`);
      return {
        packets: Number(listed('', 'wc -l')),
        tunnelled: Number(listed(tunnels[driver], 'wc -l')),
        markers: await countIn(file, Buffer.from(marker)),
        inner: listed(`net 10.42.0.0/16 or net ${inside6}`, 'head -n 10')
          .split('\n')
          .filter((line) => line !== ''),
        vxlan: lastBySender(lab.run('switch', 'sh', '-c', `tcpdump -n -tt -r ${file} 'udp dst port 4789' 2>/dev/null`)),
      };
    },
  };
}

function lastBySender(text: string): Map<string, number> {
  const lines = [...text.matchAll(/^(\d+\.\d+) .*? IP6? ([\da-f.:]+)\.\d+ > .*VXLAN/gm)];
  return new Map(lines.map(([, at, sender = '']) => [sender, Number(at) * 1_000]));
}

/** From a container, from now until the test ends: packets full of the marker. */
export function sendMarker(t: TestScope, lab: TestLab, from: string, address: string): void {
  lab.start(t, from, 'ping', '-n', '-i', '0.05', '-s', '96', '-p', markerHex, address);
}

/** The same round a circle: each to the address of the next. */
export function sendMarkers(
  t: TestScope,
  lab: TestLab,
  containers: readonly string[],
  addresses: readonly string[],
): void {
  for (const [place, from] of containers.entries())
    sendMarker(t, lab, from, addresses[(place + 1) % addresses.length]!);
}

/** Ends the capture: it saw tunnels at work, and nothing in the clear. */
export async function sawTunnelsAlone(t: Test, seen: Capture, least: number): Promise<Seen> {
  const all = await seen.stop();
  t.ok(all.tunnelled > least, `${all.tunnelled} of ${all.packets} packets were of the tunnels`);
  t.equal(all.markers, 0, `no packet holds ${marker}`);
  t.same(all.inner, [], 'none is of the overlay');
  return all;
}

/** The file may be larger than memory likes: it is read in pieces that overlap by less than the pattern. */
async function countIn(file: string, pattern: Buffer): Promise<number> {
  let count = 0;
  let rest = Buffer.alloc(0);
  for await (const chunk of createReadStream(file)) {
    const bytes = Buffer.concat([rest, chunk as Buffer]);
    for (let at = bytes.indexOf(pattern); at >= 0; at = bytes.indexOf(pattern, at + 1)) count += 1;
    rest = bytes.subarray(Math.max(0, bytes.length - pattern.length + 1));
  }
  return count;
}
