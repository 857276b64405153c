// Traffic between containers of a lab while something goes wrong: pings whose losses are counted, and connections that must
// not break.
import { fileURLToPath } from 'node:url';
import { type TestScope, until } from '../../netns/support/namespaces.ts';
import type { TestLab } from './lab.ts';

export interface Losses {
  readonly sent: number;
  readonly lost: readonly number[];
}

export interface PingTraffic {
  /** Ends it and counts. What was on its way at that moment is not counted. */
  stop(): Promise<Losses>;
}

/** @param intervalMs 2 at least, which only root may */
export async function pingTraffic(
  t: TestScope,
  lab: TestLab,
  from: string,
  address: string,
  intervalMs = 10,
): Promise<PingTraffic> {
  const line = `echo "pid $$"; exec ping -n -i ${intervalMs / 1_000} ${address}`;
  const ping = lab.start(t, from, 'sh', '-c', line);
  await until(15_000, `${from} reaches ${address}`, () => ping.said().includes('icmp_seq='));
  return {
    async stop() {
      await endInside(lab, from, ping, 'INT');
      return countLosses(ping.said());
    },
  };
}

/** What a program prints as `pid N` is its number inside; a signal to the `nsenter` outside would not reach it. */
async function endInside(lab: TestLab, where: string, started: Started, signal: string): Promise<void> {
  const pid = /^pid (\d+)$/m.exec(started.said())?.[1] ?? '';
  lab.run(where.split('/')[0]!, 'kill', `-${signal}`, pid);
  const { child } = started;
  await until(10_000, `${where}: the program ends`, () => child.exitCode !== null || child.signalCode !== null);
}

type Started = ReturnType<TestLab['start']>;

export interface Talk {
  /** Ends it: connections that broke, and messages that came back. */
  stop(): Promise<{ broken: number; exchanged: number }>;
}

const talkProgram = fileURLToPath(new URL('./talk.ts', import.meta.url));
/** One a talk: a server that a failed test left may still listen. */
let talkPort = 7_000;

/** Holds connections from one container to another, on which messages go to and fro all the time. */
export async function talkTraffic(
  t: TestScope,
  lab: TestLab,
  from: string,
  to: { where: string; address: string },
  connections: number,
): Promise<Talk> {
  const node = process.execPath;
  talkPort += 1;
  const server = lab.start(t, to.where, node, talkProgram, 'serve', String(talkPort));
  await until(15_000, 'the server listens', () => server.said().includes('ready'));
  const client = lab.start(t, from, node, talkProgram, 'call', to.address, String(talkPort), String(connections));
  await until(15_000, `all connections stand: ${client.said()}`, () => client.said().includes('ready'));
  return {
    async stop() {
      await endInside(lab, from, client, 'TERM');
      await endInside(lab, to.where, server, 'TERM');
      return JSON.parse(/^\{.*\}$/m.exec(client.said())?.[0] ?? '{}') as { broken: number; exchanged: number };
    },
  };
}

/** From what ping(8) prints. @throws if it prints no summary */
export function countLosses(text: string): Losses {
  const sent = Number(/(\d+) packets transmitted/.exec(text)?.[1]);
  if (!(sent > 0)) throw new Error(`ping said: ${text.slice(-300)}`);
  const seen = new Set([...text.matchAll(/bytes from .* icmp_seq=(\d+) /g)].map(([, seq]) => Number(seq)));
  // Sequence numbers have 16 bits; no test sends that many.
  return { sent, lost: Array.from({ length: sent - 2 }, (_, at) => at + 1).filter((seq) => !seen.has(seq)) };
}
