// Test files of test/vm/inside/ as subtests of a test outside: one machine for all of them, each with its TAP as it printed it.
import { PassThrough } from 'node:stream';
import type { Test } from 'tap';
import { checkout } from './kernel.ts';
import { type Job, runMachine } from './machine.ts';
import { nodeCommand, packRelease } from './release.ts';

export interface InsideFile {
  /** Below test/vm/inside/: `features.test.ts`. */
  readonly file: string;
  /** Its deadline, generous: the machine is emulated, and others may use the processor too. */
  readonly seconds: number;
}

/** Runs them one after the other; use it as the only test of a file, and call it last. */
export async function testInside(t: Test, files: readonly InsideFile[]): Promise<void> {
  if (process.arch !== 'x64') return t.plan(0, 'emulates x86_64 with the programs of this machine');
  if (process.getuid?.() !== 0) return t.plan(0, 'needs root');
  const total = files.reduce((sum, { seconds }) => sum + seconds, 120);
  t.setTimeout(total * 1_000);
  const release = packRelease();
  const streams = files.map(() => new PassThrough());
  const jobs = files.map(({ file, seconds }): Job => {
    const tapSeconds = Math.floor(seconds * 0.9); // so that tap can say which test hangs
    const command = ['env', `TAP_TIMEOUT=${tapSeconds}`, ...nodeCommand(release, `${checkout}/test/vm/inside/${file}`)];
    return { command, seconds };
  });
  const subtests = files.map(({ file }, number) =>
    t.stdin(file, { tapStream: streams[number]!, timeout: total * 1_000 }),
  );
  const ended = new Set<number>();
  const machine = runMachine({
    jobs,
    hear: (heard) => {
      if (heard.kind === 'text') streams[heard.job]!.write(heard.text);
      if (heard.kind !== 'end') return;
      ended.add(heard.job);
      // After the plan, so that a file cannot be well that ended badly.
      if (heard.code !== 0) streams[heard.job]!.write(`not ok 9999 - ended with exit code ${heard.code}\n`);
      streams[heard.job]!.end();
    },
  }).catch((error: Error) => {
    for (const [number, stream] of streams.entries()) {
      if (!ended.has(number)) stream.end(`not ok 9999 - the machine was gone\n${commented(error.message)}`);
    }
  });
  await Promise.all([machine, ...subtests]);
  release.remove();
}

function commented(text: string): string {
  return text
    .split('\n')
    .map((line) => `# ${line}\n`)
    .join('');
}
