// Releases for tests: packed from this checkout, in a folder outside of it.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestScope } from './namespaces.ts';

export const repository = new URL('../../..', import.meta.url).pathname.replace(/\/$/, '');

/** @returns the release's directory; it goes with the test */
export function packDirectory(t: TestScope, options: { version?: string } = {}): string {
  return pack(repository, join(makeFolder(t), 'corral'), options.version);
}

/**
 * Names a directory that `packPrevious` made already, for a machine on which packing would take minutes. Not `CORRAL_…`: the suite
 * refuses such variables that it does not know.
 */
export const previousVariable = 'TEST_PREVIOUS_RELEASE';

/**
 * The release of the commit before this one. Where that is not known (a clone without history), cannot be upgraded from or
 * cannot be packed with what is installed here, this one's under another version.
 */
export function packPrevious(t: TestScope): { directory: string; of: string } {
  const packed = process.env[previousVariable];
  if (packed) return { directory: packed, of: 'the commit before' };
  const folder = makeFolder(t);
  const source = join(folder, 'source');
  try {
    mkdirSync(source);
    const archive = run('git', ['-C', repository, 'archive', 'HEAD~1']);
    run('tar', ['-x', '-C', source], archive);
    if (!existsSync(join(source, 'daemons/supervisor/serve-takeover.ts'))) throw new Error('it knows of no takeover');
    for (const name of ['node_modules', '.runtime']) symlinkSync(join(repository, name), join(source, name));
    return { directory: pack(source, join(folder, 'corral'), '0.0.1'), of: 'the commit before' };
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : error;
    return { directory: pack(repository, join(folder, 'again'), '0.0.1'), of: `the same sources: ${why}` };
  }
}

function makeFolder(t: TestScope): string {
  const folder = mkdtempSync(join(tmpdir(), 'co-rel-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function pack(from: string, directory: string, version?: string): string {
  run(join(from, 'scripts/pack'), ['--directory', directory, ...(version === undefined ? [] : ['--version', version])]);
  return directory;
}

function run(command: string, args: readonly string[], input?: Buffer): Buffer {
  return execFileSync(command, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    input,
    timeout: 180_000,
    maxBuffer: 256 << 20,
  });
}
