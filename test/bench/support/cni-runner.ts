// Calls CNI plugins inside a machine as a runtime does, and times each from its start to its end. stdin: a Job; stdout: the
// milliseconds of each call by name. A process of its own, so that every plugin is started the same way.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';

export interface Plugin {
  readonly program: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Job {
  readonly plugins: Readonly<Record<string, Plugin>>;
  readonly namespaces: readonly string[];
  /** In turn, one attachment after another with ADD, CHECK and DEL; or all ADDs at once, then all DELs. */
  readonly mode: 'in turn' | 'at once';
  readonly rounds: number;
}

/** `<plugin> <verb>` to milliseconds: of each call, or of all together. */
export type Times = Record<string, number[]>;

interface Attachment {
  readonly plugin: Plugin;
  readonly id: string;
  readonly netns: string;
  result?: Record<string, unknown>;
}

const job = JSON.parse(readFileSync(0, 'utf8')) as Job;
const times: Times = {};

for (let round = 0; round < job.rounds; round += 1) {
  for (const [name, plugin] of Object.entries(job.plugins)) {
    if (job.mode === 'in turn') {
      const one = attachmentOf(plugin, job.namespaces[round % job.namespaces.length]!);
      for (const verb of ['ADD', 'CHECK', 'DEL']) note(`${name} ${verb}`, (await call(verb, one)).ms);
    } else {
      const all = job.namespaces.map((netns) => attachmentOf(plugin, netns));
      for (const verb of ['ADD', 'DEL'])
        note(`${name} ${verb}`, await together(all.map((one) => () => call(verb, one))));
    }
  }
}
console.log(JSON.stringify(times));

function note(name: string, ms: number): void {
  times[name] ??= [];
  times[name].push(ms);
}

async function together(calls: readonly (() => Promise<unknown>)[]): Promise<number> {
  const begun = performance.now();
  await Promise.all(calls.map((one) => one()));
  return performance.now() - begun;
}

function attachmentOf(plugin: Plugin, netns: string): Attachment {
  return { plugin, id: randomBytes(32).toString('hex'), netns };
}

async function call(verb: string, one: Attachment): Promise<{ ms: number }> {
  const { program, config, env } = one.plugin;
  const variables = {
    ...env,
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    CNI_COMMAND: verb,
    CNI_CONTAINERID: one.id,
    CNI_IFNAME: 'eth0',
    CNI_NETNS: `/run/netns/${one.netns}`,
    CNI_PATH: '/usr/lib/cni:/opt/cni/bin',
  };
  const stdin = JSON.stringify({ ...config, ...(one.result && { prevResult: one.result }) });
  const begun = performance.now();
  const child = spawn(program, { env: variables, stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(stdin);
  const stdout = await outputOf(child);
  const ms = performance.now() - begun;
  if (child.exitCode !== 0) throw new Error(`${program} ${verb}: ${stdout}`);
  if (verb === 'ADD') one.result = JSON.parse(stdout);
  return { ms };
}

function outputOf(child: ChildProcess): Promise<string> {
  let stdout = '';
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => resolve(stdout));
  });
}
