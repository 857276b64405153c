// A host in a namespace with the real DNS daemon, a container behind its bridge, a neighbour on its LAN and scripted upstreams.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { callJson, callRaw } from '../../../../daemons/shared/source/call.ts';
import { connect, exec, makeNamespace, type Namespace, type TestScope, until } from '../../support/namespaces.ts';

export const serviceAddress = '169.254.169.250';
const repository = fileURLToPath(new URL('../../../../', import.meta.url));

export interface Bed {
  readonly root: string;
  readonly host: Namespace;
  /** 10.42.1.5 behind corral0. */
  readonly container: Namespace;
  /** 192.0.2.2 on the host's LAN, with a route to the service address through the host. */
  readonly neighbour: Namespace;
  /** 198.51.100.2. */
  readonly outside: Namespace;
  readonly metadataSocket: string;
  readonly dnsSocket: string;
}

/** Builds the namespaces and the second root; `yaml` is the daemon's configuration. */
export function makeBed(t: TestScope, yaml: string): Bed {
  const root = mkdtempSync('/tmp/codns-');
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(`${root}/etc/corral`, { recursive: true });
  mkdirSync(`${root}/run/corral`, { recursive: true });
  writeFileSync(`${root}/etc/corral/corral.yaml`, yaml);
  const [host, container, neighbour, outside] = ['dh', 'dc', 'dn', 'do'].map((prefix) => makeNamespace(t, prefix));
  const bed = { root, host: host!, container: container!, neighbour: neighbour!, outside: outside! };
  connect({ ns: bed.host, device: 'c0' }, { ns: bed.container, device: 'eth0', address: '10.42.1.5/24' });
  connect(
    { ns: bed.host, device: 'lan', address: '192.0.2.1/24' },
    { ns: bed.neighbour, device: 'lan', address: '192.0.2.2/24' },
  );
  connect(
    { ns: bed.host, device: 'wan', address: '198.51.100.1/24' },
    { ns: bed.outside, device: 'wan', address: '198.51.100.2/24' },
  );
  exec(bed.host, 'ip', ['link', 'add', 'corral0', 'type', 'bridge']);
  exec(bed.host, 'ip', ['addr', 'add', '10.42.1.1/24', 'dev', 'corral0']);
  exec(bed.host, 'ip', ['link', 'set', 'corral0', 'up']);
  exec(bed.host, 'ip', ['link', 'set', 'c0', 'master', 'corral0']);
  exec(bed.container, 'ip', ['route', 'add', 'default', 'via', '10.42.1.1']);
  exec(bed.neighbour, 'ip', ['route', 'add', serviceAddress, 'via', '192.0.2.1']);
  const run = `${root}/run/corral`;
  return { ...bed, metadataSocket: `${run}/metadata.sock`, dnsSocket: `${run}/dns.sock` };
}

export interface Running {
  readonly child: ChildProcess;
  /** What it printed. */
  output(): string;
  kill(signal: NodeJS.Signals): Promise<void>;
}

/** Runs one of the repository's programs inside a namespace; it is killed when the test ends. */
export function startIn(
  t: TestScope,
  ns: Namespace,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Running {
  return startProgram(t, ns, process.execPath, args, environment);
}

/** As `startIn`, for any program. */
export function startProgram(
  t: TestScope,
  ns: Namespace,
  program: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Running {
  const child = spawn('ip', ['netns', 'exec', ns.name, program, ...args], {
    cwd: repository,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += String(chunk)));
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await gone;
  };
  t.teardown(() => kill('SIGKILL'));
  return { child, output: () => output, kill };
}

export async function startUpstream(t: TestScope, ns: Namespace, port: number, mode = 'answer'): Promise<Running> {
  const running = startIn(t, ns, ['test/fakes/dns-upstream.ts', '198.51.100.2', String(port), mode]);
  await until(30_000, 'the upstream is ready', () => running.output().includes('ready'));
  return running;
}

/** Starts the daemon and waits until it listens. */
export async function startDns(t: TestScope, bed: Bed): Promise<Running> {
  // With the flag that the supervisor gives to every daemon.
  const args = ['--max-semi-space-size=2', 'daemons/dns/main.ts'];
  const running = startIn(t, bed.host, args, { CORRAL_ROOT: bed.root });
  await until(30_000, 'the DNS daemon listens', async () => (await condition(bed, 'listener'))?.ok);
  return running;
}

export interface Condition {
  readonly name: string;
  readonly ok: boolean;
  readonly code: string | null;
  readonly text: string;
}

/** One of the daemon's health conditions, undefined while it does not answer. */
export async function condition(bed: Bed, name: string): Promise<Condition | undefined> {
  const report = await ready(bed);
  return report?.conditions.find((one) => one.name === name);
}

export async function ready(bed: Bed): Promise<{ state: string; conditions: Condition[] } | undefined> {
  try {
    return JSON.parse((await callRaw(bed.dnsSocket, '/readyz')).text);
  } catch {
    return undefined;
  }
}

export async function resolve(bed: Bed, query: string): Promise<unknown> {
  return callJson(bed.dnsSocket, `/v1/resolve?${query}`);
}

export interface Dug {
  /** `NOERROR`, or '' without an answer. */
  readonly status: string;
  /** `qr aa rd ra`. */
  readonly flags: string;
  readonly question: string;
  /** `owner ttl type data`, sorted. */
  readonly answers: readonly string[];
  readonly authority: readonly string[];
  readonly edns: boolean;
  readonly text: string;
  /** From the question to the reply, as dig says; without a reply the whole time that dig ran. */
  readonly ms: number;
}

/** Asks with dig from a namespace; no answer gives an empty status. */
export async function dig(ns: Namespace, ...args: string[]): Promise<Dug> {
  const begun = performance.now();
  const all = ['netns', 'exec', ns.name, 'dig', '+nocmd', '+time=4', '+tries=1', `@${serviceAddress}`, ...args];
  const text = await new Promise<string>((done) => execFile('ip', all, (_error, stdout) => done(stdout)));
  const section = (name: string): string[] =>
    (text.split(`;; ${name} SECTION:\n`)[1]?.split('\n\n')[0] ?? '')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith(';; '))
      .map((line) => line.replace(/\s+/g, ' ').replace(' IN ', ' '))
      .sort();
  return {
    status: /status: (\w+)/.exec(text)?.[1] ?? '',
    flags: /flags: ([\w ]+);/.exec(text)?.[1] ?? '',
    question: /^;[^;\s].*$/m.exec(text)?.[0].replace(/\s+/g, ' ') ?? '',
    answers: section('ANSWER'),
    authority: section('AUTHORITY'),
    edns: text.includes('EDNS: version: 0'),
    text,
    ms: Number(/Query time: (\d+) msec/.exec(text)?.[1] ?? performance.now() - begun),
  };
}

/** The value of one line of the daemon's metrics, 0 if it is absent. */
export async function metric(bed: Bed, name: string, label: string): Promise<number> {
  const { text } = await callRaw(bed.dnsSocket, '/metrics');
  const line = text.split('\n').find((one) => one.startsWith(`${name}{`) && one.includes(label));
  return Number(line?.split(' ').at(-1) ?? 0);
}
