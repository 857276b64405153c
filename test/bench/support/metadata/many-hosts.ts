// A change of one container among 1,000 hosts of 100 each: until HTTP shows it, until a reader of the watch has it, and what
// it costs. Then a start from disk, and a whole set.
import { rmSync } from 'node:fs';
import { callRaw } from '../../../../daemons/shared/source/call.ts';
import type { Records } from '../../../../daemons/shared/source/records.ts';
import { watchSnapshot } from '../../../../daemons/shared/source/watch.ts';
import { idOf, record } from '../../../fixtures/records.ts';
import { startDaemon, untilState } from '../../../netns/metadata/daemon.ts';
import { type TestScope, until } from '../../../netns/support/namespaces.ts';
import { renderFigures } from '../../figures.ts';
import { type Bed, cpuSeconds, makeBed, nodeOptions, report, residentMb, runIn, service } from './bed.ts';

const [hosts, containersEach] = [1_000, 100];
const changes = 50;
/** Until the garbage of the full set is collected. */
const collectedMs = 30_000;

export async function measureManyHosts(): Promise<void> {
  const undo: (() => void | Promise<void>)[] = [];
  const scope: TestScope = { teardown: (one) => undo.unshift(one) };
  try {
    const bed = await makeBed(scope, 1);
    await measure(bed);
  } finally {
    for (const one of undo) await one();
  }
}

/** Container `n` of the fixture, on host n / 100, in one of 5,000 services. */
function containerOf(n: number, differing: Parameters<typeof record>[1] = {}) {
  return record(n, {
    hostId: `22222222-2222-4222-8222-${String(Math.floor(n / containersEach)).padStart(12, '0')}`,
    name: `s${n % 5_000}-${Math.floor(n / 5_000)}`,
    ips: [`10.${100 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`],
    labels: { 'io.rancher.stack_service.name': `stack-${n % 500}/s${n % 5_000}` },
    ...differing,
  });
}

async function measure(bed: Bed): Promise<void> {
  const source = await measureFullSet(bed);
  let seen = 0;
  const watch = watchSnapshot({
    socketPath: bed.root.metadataSocket,
    kinds: ['container'],
    onSnapshot: (snapshot) => {
      seen = snapshot.get('container', idOf(7))?.startCount ?? 0;
    },
    onState: () => undefined,
  });
  bed.scope.teardown(() => watch.close());
  await until(30_000, 'the reader of the watch', () => seen > 0);
  await settle();
  await measureChanges(bed, source, () => seen);
  console.log(`a listing of all: ${await loopDelay(bed)}`);
  source.close();
  watch.close();
  await startAgain(bed);
}

/** The whole set from one source, what others wait for meanwhile, and the memory that it takes. */
async function measureFullSet(bed: Bed): Promise<Records> {
  const pid = bed.daemon.process.pid!;
  const all = Array.from({ length: hosts * containersEach }, (_, n) => containerOf(n));
  const asker = startAsker(bed);
  const [begun, cpu] = [performance.now(), cpuSeconds(pid)];
  const source = await report(bed, all);
  const [seconds, processor] = [(performance.now() - begun) / 1000, cpuSeconds(pid) - cpu];
  await until(60_000, 'all kept', async () => (await metrics(bed)).includes('records_waiting{daemon="metadata"} 0'));
  const kept = (performance.now() - begun) / 1000;
  const right = residentMb(pid);
  console.log(
    `${all.length} containers, full set: ${seconds.toFixed(2)} s, ${processor.toFixed(2)} s of processor, in the store after ${kept.toFixed(1)} s`,
  );
  console.log(`meanwhile a small answer took ${await asker.took()}`);
  await new Promise((resolve) => setTimeout(resolve, collectedMs));
  console.log(
    `resident: ${right.toFixed(0)} MB, ${residentMb(pid).toFixed(0)} MB after ${collectedMs / 1000} s of idleness`,
  );
  return source;
}

/** One container at a time, until a reader of the watch has it, until HTTP shows it, and what it costs. */
async function measureChanges(bed: Bed, source: Records, seen: () => number): Promise<void> {
  const pid = bed.daemon.process.pid!;
  const [inHttp, atReader]: number[][] = [[], []];
  for (let n = 0; n < changes; n += 1) {
    const begun = performance.now();
    const acknowledged = source.change([containerOf(7, { startCount: 10 + n })], []);
    await until(5_000, 'the reader', () => seen() === 10 + n);
    atReader!.push(performance.now() - begun);
    await acknowledged;
  }
  const path = `/v1/tree/latest/containers/${idOf(7)}/start_count`;
  const shown = async (): Promise<string> => (await callRaw(bed.root.metadataSocket, path)).text;
  for (let n = 0; n < changes; n += 1) {
    const begun = performance.now();
    void source.change([containerOf(7, { startCount: 100 + n })], []);
    await until(5_000, 'the service', async () => (await shown()) === String(100 + n));
    inHttp!.push(performance.now() - begun);
  }
  const cpu = cpuSeconds(pid);
  for (let n = 0; n < changes * 4; n += 1) await source.change([containerOf(7, { startCount: 1_000 + n })], []);
  const each = ((cpuSeconds(pid) - cpu) * 1000) / (changes * 4);
  console.log(
    `one change: seen by a reader of the watch ${renderFigures(atReader!, 'ms')}, by HTTP ${renderFigures(inHttp!, 'ms')}, ${each.toFixed(2)} ms of processor`,
  );
}

/** A process that asks one small question after the other; `took` ends it. */
function startAsker(bed: Bed): { took(): Promise<string> } {
  const script = `
    const { get } = require('node:http');
    const agent = new (require('node:http').Agent)({ keepAlive: true });
    const took = [];
    const ask = () => {
      const begun = performance.now();
      get({ socketPath: '${bed.root.metadataSocket}', path: '/healthz', agent }, (response) => {
        response.resume().on('end', () => { took.push(performance.now() - begun); setTimeout(ask, 1); });
      });
    };
    ask();
    process.on('SIGTERM', () => { console.log(JSON.stringify(took)); process.exit(0); });`;
  const { process: child, said } = runIn(bed.scope, bed.client, [process.execPath, '-e', script]);
  return {
    took: async () => {
      child.kill('SIGTERM');
      await until(5_000, 'the asker', () => said().includes(']'));
      const all = (JSON.parse(said()) as number[]).sort((x, y) => x - y);
      const at = (part: number): string => all[Math.floor((all.length - 1) * part)]!.toFixed(1);
      return `median ${at(0.5)} ms, p99 ${at(0.99)} ms, at most ${at(1)} ms (${all.length} asked, ${all.filter((ms) => ms > 10).length} above 10 ms)`;
    },
  };
}

/** The longest answer to a small question while two whole listings are rendered and sent. */
async function loopDelay(bed: Bed): Promise<string> {
  const listing = ['-sS', '-o', '/dev/null', '-w', '%{size_download} %{time_total}', '-H', 'Accept: application/json'];
  const { spawn } = await import('node:child_process');
  const child = spawn('ip', [
    'netns',
    'exec',
    bed.client.name,
    'curl',
    ...listing,
    `http://${service}/latest/containers`,
  ]);
  let said = '';
  child.stdout.on('data', (chunk) => {
    said += chunk;
  });
  const waits: number[] = [];
  while (child.exitCode === null) {
    const begun = performance.now();
    await callRaw(bed.root.metadataSocket, '/healthz');
    waits.push(performance.now() - begun);
  }
  const [bytes, seconds] = said.split(' ').map(Number);
  return `${(bytes! / 1e6).toFixed(0)} MB in ${seconds} s, meanwhile a small answer took ${renderFigures(waits, 'ms')}`;
}

/** Several starts from what the store holds. */
async function startAgain(bed: Bed): Promise<void> {
  const [starts, processor]: [number[], number[]] = [[], []];
  let memory = 0;
  let last = bed.daemon;
  for (let round = 0; round < 3; round += 1) {
    await last.kill('SIGKILL');
    rmSync(`${bed.root.path}/run/corral/metadata.sock`, { force: true });
    const begun = performance.now();
    last = startDaemon(bed.scope, bed.host, bed.root, { NODE_OPTIONS: nodeOptions });
    await until(60_000, 'all containers served', async () => {
      const { text } = await callRaw(
        bed.root.metadataSocket,
        `/v1/tree/latest/containers/${hosts * containersEach - 1}/name`,
      ).catch(() => ({ text: '' }));
      return /^s\d/.test(text);
    });
    starts.push(performance.now() - begun);
    processor.push(cpuSeconds(last.process.pid!));
    await untilState(last, 'ready', 'degraded');
    memory = residentMb(last.process.pid!);
  }
  console.log(
    `start from disk to all served: ${renderFigures(starts, 'ms')}, ${renderFigures(processor, 's', 1)} of processor, then ${memory.toFixed(0)} MB resident`,
  );
}

const metrics = async (bed: Bed): Promise<string> => (await callRaw(bed.root.metadataSocket, '/metrics')).text;
const settle = () => new Promise((resolve) => setTimeout(resolve, 500));
