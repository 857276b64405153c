// 1,000 hosts of 100 containers each in a real etcd, seen by one real host: until its snapshot is complete, what that costs,
// and how long one change takes to DNS, routes and rules.
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { callJson } from '../../../../daemons/shared/source/call.ts';
import { watchSnapshot } from '../../../../daemons/shared/source/watch.ts';
import { socketOn, startSuite, suiteReady } from '../../../../daemons/supervisor/lab/host-suite.ts';
import { spaceOf } from '../../../../daemons/supervisor/lab/lab-file.ts';
import { enter } from '../../../../daemons/supervisor/lab/spaces.ts';
import { makeTestLab, type TestLab } from '../../../cluster/support/lab.ts';
import { type TestScope, until } from '../../../netns/support/namespaces.ts';
import { renderFigures } from '../../figures.ts';
import { costsOf, renderCosts, renderSpent } from './daemon-cost.ts';
import { measureHosts } from './one-host.ts';
import { measurePorts } from './one-port.ts';

const hosts = Number(process.env.BENCH_HOSTS ?? 1_000);
const each = Number(process.env.BENCH_CONTAINERS ?? 100);
const changes = 20;
const fillMs = 300_000;

export async function measureSimulated(scope: TestScope): Promise<void> {
  const lab = await makeTestLab(scope, {
    hosts: 1,
    containers: 1,
    store: 'etcd',
    config: () => ({ networks: [{ name: 'corral', subnet: '10.0.0.0/8', driver: 'vxlan', default: true }] }),
  });
  const filler = await fill(scope, lab);
  await seen(lab, hosts + 1);
  console.log(`${hosts} hosts of ${each} containers in etcd; used until then: ${renderCosts(costsOf(lab, 'h1'))}`);
  await measureStart(lab);
  await measureChanges(lab, filler);
}

/** From `kill -9` of the whole suite and its new start. */
async function measureStart(lab: TestLab): Promise<void> {
  await lab.fault('kill', 'h1');
  const began = performance.now();
  startSuite(lab.hosts[0]!, spaceOf(lab.lab, 'h1'));
  const complete = await seen(lab, hosts + 1);
  await suiteReady(lab.hosts[0]!, fillMs);
  await until(fillMs, 'all routes are there', () => routeCount(lab) >= hosts);
  console.log(`suite started anew to a complete snapshot of all   ${((complete - began) / 1_000).toFixed(1)} s`);
  console.log(
    `to all daemons ready and all routes               ${((performance.now() - began) / 1_000).toFixed(1)} s`,
  );
  console.log(`used for it: ${renderCosts(costsOf(lab, 'h1'))}`);
}

async function measureChanges(lab: TestLab, filler: Filler): Promise<void> {
  const host = lab.hosts[0]!;
  await until(fillMs, 'no peer answers, and all are known not to', async () => {
    const peers = await callJson<{ state: string }[]>(socketOn(host, 'overlay'), '/v1/peers');
    return peers.every(({ state }) => state === 'down');
  });
  const before = costsOf(lab, 'h1');
  const toDns = await repeat(async (at) => {
    const name = `probe-${at}`;
    const done = filler.do(`container ${name} 10.200.0.${at + 2}`);
    await until(30_000, `${name} has its name`, async () => {
      const query = new URLSearchParams({ name: `${name}.rancher.internal`, type: 'A' });
      const { answers } = await callJson<{ answers: unknown[] }>(socketOn(host, 'dns'), `/v1/resolve?${query}`);
      return answers.length > 0;
    });
    return now() - (await done);
  });
  console.log(`one container in etcd to its name in DNS           ${renderFigures(toDns, 'ms')}`);
  console.log(`  processor time a change: ${renderSpent(before, costsOf(lab, 'h1'), changes)}`);
  await measureHosts(lab, (number) => filler.do(`host ${number}`), { first: hosts + 1, changes });
  await measurePorts(lab, changes);
}

async function repeat(work: (at: number) => Promise<number>): Promise<number[]> {
  const times: number[] = [];
  for (let at = 0; at < changes; at += 1) times.push(await work(at));
  return times;
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

function routeCount(lab: TestLab): number {
  return lab.run('h1', 'ip', 'route', 'show', 'dev', 'vtep1042').split('\n').length - 1;
}

/** When the host's snapshot was complete with that many hosts; ms of performance.now(). */
async function seen(lab: TestLab, count: number): Promise<number> {
  let at: number | undefined;
  const watch = watchSnapshot({
    socketPath: socketOn(lab.hosts[0]!, 'metadata'),
    kinds: ['host'],
    onSnapshot: (snapshot) => {
      if (snapshot.complete && snapshot.count('host') >= count) at ??= performance.now();
    },
    onState: () => {},
  });
  try {
    return await until(fillMs, `${count} hosts are known`, () => at);
  } finally {
    watch.close();
  }
}

interface Filler {
  /** Resolves with the time at which it was begun, ms since the epoch. */
  do(line: string): Promise<number>;
}

async function fill(scope: TestScope, lab: TestLab): Promise<Filler> {
  const program = fileURLToPath(new URL('./fill.ts', import.meta.url));
  const node = [process.execPath, program, 'http://127.0.0.1:2379', String(hosts), String(each)];
  const [command = '', ...words] = [...enter(spaceOf(lab.lab, 'switch')), ...node];
  const child: ChildProcess = spawn(command, words, { stdio: ['pipe', 'pipe', 'inherit'] });
  scope.teardown(() => void child.kill('SIGKILL'));
  let text = '';
  child.stdout!.on('data', (chunk) => {
    text += chunk;
  });
  const began = performance.now();
  await until(fillMs, 'the store is filled', () => text.includes('filled') || child.exitCode !== null);
  console.log(`written in ${((performance.now() - began) / 1_000).toFixed(1)} s`);
  let done = 0;
  return {
    async do(line) {
      child.stdin!.write(`${line}\n`);
      done += 1;
      const wanted = done;
      const answers = (): string[] => [...text.matchAll(/^done ([\d.]+)$/gm)].map(([, time]) => time!);
      await until(30_000, line, () => answers().length >= wanted);
      return Number(answers()[wanted - 1]);
    },
  };
}
