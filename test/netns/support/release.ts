// Releases for tests: packed from this checkout, in a folder outside of it.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestScope } from './namespaces.ts';

export const repository = new URL('../../..', import.meta.url).pathname.replace(/\/$/, '');

/** @returns the release's directory; it goes with the test */
export function packDirectory(t: TestScope, options: { version?: string } = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'co-rel-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const directory = join(folder, 'corral');
  const version = options.version === undefined ? [] : ['--version', options.version];
  execFileSync(join(repository, 'scripts/pack'), ['--directory', directory, ...version], {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 120_000,
  });
  return directory;
}
