// This daemon against dnsmasq and unbound with one thread: the same names, asked from a container's namespace with dnsperf,
// the servers taking turns. What counts is the processor time of the server, which the load generator does not disturb.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type Bed, makeBed } from '../netns/dns/support/bed.ts';
import type { TestScope } from '../netns/support/namespaces.ts';
import { median } from './figures.ts';
import type { Bench } from './main.ts';
import { cpuSeconds, type DnsServer, nameOf, programPath, startServers } from './support/dns-servers.ts';

const rounds = 5;
const seconds = 4;
const changesPerSecond = 10;

interface Load {
  readonly perSecond: number;
  readonly perCpuSecond: number;
  readonly lostPercent: number;
  /** Questions that one receiving call brought, of a server that tells. */
  readonly batch?: number;
}

async function run(): Promise<void> {
  await withBed(500, async (bed, servers, file) => {
    await table(
      '500 names',
      servers,
      () => rounds,
      (server) => flood(bed, server, file),
    );
    await table(
      '500 names, 200 clients that wait for each answer',
      servers,
      () => rounds,
      (server) => flood(bed, server, file, 200),
    );
    await latencyTable(bed, servers, file);
    await table(
      '500 names, 10 changes a second',
      servers,
      () => 3,
      (server) => changing(bed, server, file, 500),
    );
  });
  await withBed(100_000, async (bed, servers, file) => {
    for (const server of servers) await everyNameOnce(bed, server, file);
    await table(
      '100,000 names',
      servers,
      () => 3,
      (server) => flood(bed, server, file),
    );
  });
}

async function withBed(
  count: number,
  work: (bed: Bed, servers: DnsServer[], file: string) => Promise<void>,
): Promise<void> {
  const undo: (() => void | Promise<void>)[] = [];
  const t: TestScope = { teardown: (one) => undo.unshift(one) };
  try {
    const bed = makeBed(t, 'dns: { upstreams: [198.51.100.2] }\n');
    const folder = mkdtempSync('/tmp/codnsb-');
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    const servers = await startServers(t, bed, count);
    const order = Array.from({ length: Math.max(count, 10_000) }, (_, at) => `${nameOf((at * 7_919) % count)} A`);
    writeFileSync(`${folder}/queries`, `${order.join('\n')}\n`);
    await work(bed, servers, `${folder}/queries`);
  } finally {
    for (const one of undo) await one();
  }
}

async function table(
  title: string,
  servers: readonly DnsServer[],
  times: () => number,
  measure: (server: DnsServer) => Promise<Load>,
): Promise<void> {
  const figures = new Map(servers.map(({ name }) => [name, [] as Load[]]));
  for (let round = 0; round < times(); round += 1) {
    for (const server of servers) figures.get(server.name)?.push(await measure(server));
  }
  const cpu = (name: string): number => median((figures.get(name) ?? []).map(({ perCpuSecond }) => perCpuSecond));
  console.log(`\n${title} (medians of ${times()} runs of ${seconds} s)`);
  for (const [name, all] of figures) {
    const rate = median(all.map(({ perSecond }) => perSecond));
    const lost = Math.max(...all.map(({ lostPercent }) => lostPercent));
    const batches = all.flatMap(({ batch }) => (batch === undefined ? [] : [batch.toFixed(0)]));
    const calls = batches.length > 0 ? `  questions a call ${batches.join(' ')}` : '';
    const spread = all.map(({ perCpuSecond }) => Math.round(perCpuSecond / 1000)).sort((a, b) => a - b);
    console.log(
      `${name.padEnd(8)} ${k(rate)}k q/s  ${k(cpu(name))}k q/CPU-s (${spread[0]} to ${spread.at(-1)})  lost ${lost.toFixed(2)} %${calls}`,
    );
  }
  for (const other of ['dnsmasq', 'unbound']) {
    console.log(`corral / ${other} per CPU-second: ${(cpu('corral') / cpu(other)).toFixed(2)}`);
  }
}

const k = (value: number): string => (value / 1000).toFixed(0);

/** 200 questions under way, from so many sockets. */
async function flood(bed: Bed, server: DnsServer, file: string, clients = 4): Promise<Load> {
  const load = ['-d', file, '-q', '200', '-c', String(clients)];
  await perf(bed, server, [...load, '-l', '1']);
  const calls = await server.calls?.();
  const before = cpuSeconds(server.pid);
  const output = await perf(bed, server, [...load, '-l', String(seconds)]);
  const used = cpuSeconds(server.pid) - before;
  const after = await server.calls?.();
  const completed = Number(/Queries completed:\s+(\d+)/.exec(output)?.[1] ?? 0);
  const lost = Number(/Queries lost:\s+\d+ \(([\d.]+)%\)/.exec(output)?.[1] ?? 0);
  const perSecond = Number(/Queries per second:\s+([\d.]+)/.exec(output)?.[1] ?? 0);
  const batch = calls && after ? { batch: (after.answered - calls.answered) / (after.turns - calls.turns) } : {};
  return { perSecond, perCpuSecond: completed / used, lostPercent: lost, ...batch };
}

/** So that all is where it is kept: what comes then is the steady state. */
async function everyNameOnce(bed: Bed, server: DnsServer, file: string): Promise<void> {
  const before = cpuSeconds(server.pid);
  const output = await perf(bed, server, ['-d', file, '-n', '1', '-q', '100', '-c', '4']);
  const [rate, completed] = [/per second:\s+([\d.]+)/, /completed:\s+(\d+)/].map((one) =>
    Number(one.exec(output)?.[1] ?? 0),
  );
  const perCpu = completed! / (cpuSeconds(server.pid) - before);
  console.log(`each name for the first time: ${server.name.padEnd(8)} ${k(rate!)}k q/s  ${k(perCpu)}k q/CPU-s`);
}

async function changing(bed: Bed, server: DnsServer, file: string, count: number): Promise<Load> {
  let round = 0;
  const timer = setInterval(() => {
    round += 1;
    server.change((round * 31) % count, round);
  }, 1_000 / changesPerSecond);
  try {
    return await flood(bed, server, file);
  } finally {
    clearInterval(timer);
  }
}

/** p50 and p99 in milliseconds of single questions at 20,000 a second. */
async function latencyTable(bed: Bed, servers: readonly DnsServer[], file: string): Promise<void> {
  const all = new Map(servers.map(({ name }) => [name, [] as { p50: number; p99: number; rate: number }[]]));
  for (let round = 0; round < rounds; round += 1) {
    for (const server of servers) {
      const output = await perf(bed, server, ['-d', file, '-l', '3', '-q', '500', '-Q', '20000', '-v']);
      const times = [...output.matchAll(/^> \S+ \S+ A ([\d.]+)$/gm)].map((match) => Number(match[1]) * 1000);
      times.sort((a, b) => a - b);
      const at = (share: number): number => times[Math.floor(times.length * share)] ?? Number.NaN;
      const rate = Number(/Queries per second:\s+([\d.]+)/.exec(output)?.[1] ?? 0);
      all.get(server.name)?.push({ p50: at(0.5), p99: at(0.99), rate });
    }
  }
  console.log(`\n20,000 questions a second (medians of ${rounds} runs of 3 s; p99 of each run behind it)`);
  for (const [name, figures] of all) {
    const [p50, p99, rate] = (['p50', 'p99', 'rate'] as const).map((key) => median(figures.map((one) => one[key])));
    const each = figures.map((one) => one.p99.toFixed(2)).join(' ');
    console.log(`${name.padEnd(8)} ${k(rate!)}k q/s  p50 ${p50!.toFixed(2)} ms  p99 ${p99!.toFixed(2)} ms (${each})`);
  }
}

function perf(bed: Bed, server: DnsServer, args: readonly string[]): Promise<string> {
  const command = [programPath('dnsperf'), '-s', '169.254.169.250', '-p', String(server.port), '-T', '1', ...args];
  const child = spawn('ip', ['netns', 'exec', bed.container.name, ...command], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve(Buffer.concat(chunks).toString()));
  });
}

export default { describe: 'DNS: dnsmasq, unbound (one thread) and this daemon', run } satisfies Bench;
