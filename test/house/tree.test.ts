import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { listFiles, readSource, root } from './support/sources.ts';

/** Code lives in the folders and nowhere else; the files are what tools and readers expect at the top. */
const folders = ['cni-plugins', 'daemons', 'docs', 'images', 'scripts', 'systemd', 'test'];
const files = [
  'CONTRIBUTING.md',
  'LICENSE',
  'README.md',
  'biome.json',
  'package-lock.json',
  'package.json',
  'tsconfig.json',
];

/** Entries of the top level that do not belong; ignored outputs and dotfiles may be there. */
function strangers(entries: readonly string[], ignored: string): string[] {
  const outputs = ignored.split('\n').map((line) => line.replaceAll('/', ''));
  const known = new Set([...folders, ...files, ...outputs]);
  return entries.filter((name) => !name.startsWith('.') && !known.has(name) && !name.endsWith('.log'));
}

/** The shell that a file is for: by its first line, or for a library by its name. */
function shellOf(path: string, text: string): 'sh' | 'bash' | undefined {
  const shell = /^#!(?:\/usr\/bin\/env |\/bin\/|\/usr\/bin\/)(sh|bash)\b/.exec(text)?.[1];
  if (shell === 'sh' || shell === 'bash') return shell;
  return path.endsWith('.sh') ? 'sh' : undefined;
}

function refuses(shell: 'sh' | 'bash', text: string): string | undefined {
  try {
    execFileSync(shell, ['-n'], { input: text, stdio: 'pipe', timeout: 10_000 });
    return undefined;
  } catch (error) {
    return String((error as { stderr?: Buffer }).stderr ?? error).trim() || 'a syntax error';
  }
}

t.test('the top level holds what belongs there', async (t) => {
  t.same(strangers(readdirSync(root), readSource('.gitignore')), []);
});

t.test('every script can be started and read by its shell', async (t) => {
  const scripts = listFiles()
    .filter((path) => /(^|\/)[^./]+$|\.sh$/.test(path))
    .map((path) => ({ path, text: readSource(path) }));
  for (const { path, text } of scripts) {
    const shell = shellOf(path, text);
    if (shell !== undefined) t.equal(refuses(shell, text), undefined, `${path} is a good ${shell} script`);
    if (text.startsWith('#!')) t.ok(statSync(join(root, path)).mode & 0o100, `${path} is executable`);
  }
  t.ok(
    scripts.some(({ path }) => path === 'scripts/setup'),
    'scripts are found',
  );
});

t.test('a stranger, a broken script and each kind of shell are recognised', async (t) => {
  t.same(strangers(['daemons', 'src', '.git', 'dist', 'npm.log', 'README.md'], '/dist/\n*.log\n'), ['src']);
  t.match(refuses('sh', 'if true; then'), /./);
  t.match(refuses('bash', 'for x in; do ('), /./);
  t.equal(refuses('sh', 'echo well'), undefined);
  t.equal(shellOf('scripts/up', '#!/bin/sh\n'), 'sh');
  t.equal(shellOf('scripts/up', '#!/usr/bin/env bash\n'), 'bash');
  t.equal(shellOf('scripts/lib/x.sh', '# shellcheck\n'), 'sh');
  t.equal(shellOf('scripts/corral', '#!/usr/bin/env node\n'), undefined);
});
