// 10,000 held long polls beside a bare server that holds as many: memory of each, an unrelated change, the time to wake all.
import { callRaw } from '../../../../daemons/shared/source/call.ts';
import type { Records } from '../../../../daemons/shared/source/records.ts';
import { record } from '../../../fixtures/records.ts';
import { exec, type TestScope, until } from '../../../netns/support/namespaces.ts';
import { type Bed, cpuSeconds, gateway, makeBed, report, residentMb, runIn, service } from './bed.ts';
import { crowdScript } from './poll-crowd.ts';

const polls = 10_000;
const perAddress = 64;
const unrelated = 200;
const rounds = 3;
const target = '/latest/services/front/scale?wait=true&value=1&maxWait=120';

interface Held {
  /** Until the last one is answered. */
  readonly ms: number;
  /** Of the server's processor. */
  readonly cpuMs: number;
  /** Memory of each. */
  readonly kb: number;
}

export async function measurePolls(): Promise<void> {
  console.log(`${polls} held polls`);
  const [ours, bare] = [[], []] as Held[][];
  for (let round = 0; round < rounds; round += 1) {
    bare!.push(await alone((bed) => holdBare(bed)));
    ours!.push(await alone((bed) => holdOurs(bed)));
  }
  const of = (all: Held[]) =>
    `${all.map(({ kb }) => kb.toFixed(1)).join(', ')} kB each; all woken in ${all.map(({ ms }) => ms.toFixed(0)).join(', ')} ms, of the server's processor ${all.map(({ cpuMs }) => cpuMs.toFixed(0)).join(', ')} ms`;
  console.log(`  bare http  ${of(bare!)}`);
  console.log(`  metadata   ${of(ours!)}`);
}

async function alone<T>(work: (bed: Bed) => Promise<T>): Promise<T> {
  const undo: (() => void | Promise<void>)[] = [];
  const scope: TestScope = { teardown: (one) => undo.unshift(one) };
  try {
    return await work(await makeBed(scope, Math.ceil(polls / perAddress)));
  } finally {
    for (const one of undo) await one();
  }
}

async function holdOurs(bed: Bed): Promise<Held> {
  const inFront = { labels: { 'io.rancher.stack_service.name': 'shop/front' }, hostId: bed.hostId };
  const other = record(9, { hostId: bed.hostId, ips: ['10.43.0.9'] });
  const source = await report(bed, [record(1, { ...inFront, ips: ['10.43.0.1'] }), other]);
  const pid = bed.daemon.process.pid!;
  const idleCpu = await unrelatedChanges(source, other, pid);
  const before = residentMb(pid);
  const crowd = startCrowd(bed, `http://${service}:80${target}`);
  await until(60_000, 'all held', async () => (await metric(bed, 'long_polls')) === polls);
  const kb = ((residentMb(pid) - before) * 1024) / polls;
  const heldCpu = await unrelatedChanges(source, other, pid);
  const woken = await metric(bed, 'long_polls_woken_total');
  console.log(
    `  metadata   ${unrelated} unrelated changes: ${(heldCpu * 1000).toFixed(2)} ms of processor each, ` +
      `${(idleCpu * 1000).toFixed(2)} ms without polls; ${woken} polls woken`,
  );
  const cpu = cpuSeconds(pid);
  const begun = performance.timeOrigin + performance.now();
  await source.change([record(2, { ...inFront, ips: ['10.43.0.2'] })], []);
  const { last } = await crowd.done();
  return { ms: last - begun, cpuMs: (cpuSeconds(pid) - cpu) * 1000, kb };
}

/** Processor seconds of one change that concerns no poll. */
async function unrelatedChanges(source: Records, other: ReturnType<typeof record>, pid: number): Promise<number> {
  const before = cpuSeconds(pid);
  for (let n = 0; n < unrelated; n += 1) await source.change([{ ...other, startCount: n }], []);
  return (cpuSeconds(pid) - before) / unrelated;
}

async function holdBare(bed: Bed): Promise<Held> {
  const port = 8081;
  const script = `
    const held = [];
    require('node:http').createServer((request, response) => {
      if (request.url === '/count') return response.end(String(held.length));
      if (request.url !== '/wake') return void held.push(response);
      response.end();
      for (const one of held.splice(0)) { one.writeHead(200, { 'Content-Type': 'text/plain' }); one.end('2'); }
    }).listen(${port}, '${gateway}', 16384, () => console.log('listening'));`;
  const { process: child, said } = runIn(bed.scope, bed.host, [process.execPath, '-e', script]);
  await until(5_000, 'bare http', () => said().includes('listening'));
  const ask = (path: string): string => exec(bed.host, 'curl', ['-sS', `http://${gateway}:${port}${path}`]);
  ask('/count');
  const before = residentMb(child.pid!);
  const crowd = startCrowd(bed, `http://${gateway}:${port}${target}`);
  await until(60_000, 'all held', () => Number(ask('/count')) === polls);
  const kb = ((residentMb(child.pid!) - before) * 1024) / polls;
  const cpu = cpuSeconds(child.pid!);
  const begun = performance.timeOrigin + performance.now();
  ask('/wake');
  const { last } = await crowd.done();
  return { ms: last - begun, cpuMs: (cpuSeconds(child.pid!) - cpu) * 1000, kb };
}

function startCrowd(bed: Bed, url: string): { done(): Promise<{ last: number }> } {
  const { said } = runIn(bed.scope, bed.client, [process.execPath, '-e', crowdScript(url, polls, perAddress)]);
  const done = () => until(30_000, 'all woken', () => (/^\{.*\}$/m.test(said()) ? JSON.parse(said()) : undefined));
  return { done };
}

async function metric(bed: Bed, name: string): Promise<number> {
  const { text } = await callRaw(bed.root.metadataSocket, '/metrics');
  return Number(new RegExp(`^corral_metadata_${name}\\{[^}]*\\} (\\d+)`, 'm').exec(text)?.[1]);
}
