// A small virtual machine: Debian's kernel under qemu, all in software, with this machine's own files below a layer in memory.
// It does its jobs one after the other and is gone, also when the process that started it is killed.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { loadOrder, packBootImage } from './boot-image.ts';
import { findKernel, type Kernel } from './kernel.ts';
import { type Heard, MarkReader } from './marks.ts';
import { makeScratch, removeScratch } from './scratch.ts';

export interface Job {
  readonly command: readonly string[];
  /** Ended after this. */
  readonly seconds: number;
}

export interface MachineOptions {
  readonly jobs: readonly Job[];
  /** Called in order; the text of a job between its begin and its end. */
  readonly hear: (heard: Heard) => void;
}

/** What the initramfs needs to read the host's files and to be heard. */
const firstModules = ['virtio_pci', '9pnet_virtio', '9p', 'overlay', 'virtio_console'];
const bootSeconds = 180;
const memoryMb = 3_072;
const here = import.meta.dirname;

/** Resolves when all jobs have ended, however they ended. @throws Error with the console's last words if the machine did not get there */
export async function runMachine({ jobs, hear }: MachineOptions): Promise<void> {
  const kernel = findKernel();
  const dir = makeScratch();
  const seconds = bootSeconds + jobs.reduce((sum, job) => sum + job.seconds + 10, 0);
  const mark = `@${randomBytes(8).toString('hex')}`;
  try {
    writeFileSync(
      `${dir}/boot`,
      bootImage(kernel, jobs, { mark, guest: `${here}/guest.sh`, modules: kernel.modules, lifetime: String(seconds) }),
    );
    // util-linux's setpriv: the kernel ends qemu when this process dies, however it dies.
    const words = ['--pdeathsig', 'KILL', 'qemu-system-x86_64', ...qemuArguments(kernel, dir)];
    // The input stays open, since qemu takes its end for the end of the port and then drops what the machine sends.
    const child = spawn('setpriv', words, { stdio: ['pipe', 'pipe', 'pipe'] });
    await listen(child, new MarkReader(mark), hear, seconds).catch((error: Error) => {
      throw new Error(`${error.message}\n${lastWords(dir)}`);
    });
  } finally {
    removeScratch(dir);
  }
}

async function listen(
  child: ChildProcess,
  marks: MarkReader,
  hear: (heard: Heard) => void,
  seconds: number,
): Promise<void> {
  let complaint = '';
  let isDone = false;
  let isLate = false;
  const deadline = setTimeout(() => {
    isLate = true;
    child.kill('SIGKILL');
  }, seconds * 1_000);
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2_000);
  });
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    for (const heard of marks.read(text)) {
      if (heard.kind === 'done') {
        isDone = true;
        child.kill('SIGKILL'); // nothing of it is to be kept
      } else hear(heard);
    }
  });
  const failure = await new Promise<Error | undefined>((resolve) => {
    child.once('error', resolve);
    child.once('close', () => resolve(undefined));
  });
  clearTimeout(deadline);
  if (isDone) return;
  const why = isLate ? `was not done after ${seconds} s` : 'ended before its jobs were done';
  throw new Error(`the virtual machine ${why}: ${failure?.message ?? (complaint.trim() || 'qemu says nothing')}`);
}

function bootImage({ modules }: Kernel, jobs: readonly Job[], setting: Readonly<Record<string, string>>): Uint8Array {
  const paths = loadOrder(readFileSync(`${modules}/modules.dep`, 'utf8'), firstModules);
  return packBootImage(
    [
      { path: 'init', content: readFileSync(`${here}/init.sh`), executable: true },
      { path: 'bin/busybox', content: readFileSync('/bin/busybox'), executable: true },
      { path: 'modules', content: paths.map((path) => `${path}\n`).join('') },
      {
        path: 'setting',
        content: Object.entries(setting)
          .map(([name, value]) => `${name}=${quoted(value)}\n`)
          .join(''),
      },
      { path: 'jobs', content: renderJobs(jobs) },
      ...paths.map((path) => ({ path, content: readFileSync(`${modules}/${path}`) })),
    ],
    ['proc', 'dev', 'host', 'memory', 'root'],
  );
}

/** Lines for guest.sh. */
function renderJobs(jobs: readonly Job[]): string {
  return jobs
    .map(({ command, seconds }, number) => `job ${number} ${seconds} ${command.map(quoted).join(' ')}\n`)
    .join('');
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

function qemuArguments({ image }: Kernel, dir: string): string[] {
  const commandLine = [
    'console=ttyS0 quiet panic=-1',
    // Emulated, each of these would cost seconds and protect nothing.
    'mitigations=off nokaslr cryptomgr.notests nowatchdog audit=0 rcupdate.rcu_expedited=1 random.trust_cpu=on',
  ].join(' ');
  return [
    // Two processors, each emulated by a thread of its own: a lab of three hosts is up after 52 s, with one after 90.
    ...['-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', '2', '-m', String(memoryMb)],
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none'],
    ...['-kernel', image, '-initrd', `${dir}/boot`, '-append', commandLine],
    ...['-serial', `file:${dir}/console`],
    ...['-virtfs', 'local,path=/,mount_tag=root,security_model=none,readonly=on,multidevs=remap'],
    ...['-device', 'virtio-serial-pci', '-chardev', 'stdio,id=jobs,signal=off'],
    ...['-device', 'virtserialport,chardev=jobs,name=jobs'],
  ];
}

function lastWords(dir: string): string {
  try {
    const lines = readFileSync(`${dir}/console`, 'utf8').trim().split(/\r?\n/).slice(-30);
    return ['the last lines of its console:', ...lines.map((line) => `  ${line}`)].join('\n');
  } catch {
    return 'its console is empty';
  }
}
