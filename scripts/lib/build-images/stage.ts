// Fills the context of an image's build: dist/images/<name>/{build,runtime,daemon}.
import { chmodSync, cpSync, existsSync, linkSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ImageSpec } from './images.ts';

export interface StageOptions {
  /** The repository. */
  readonly root: string;
  /** What scripts/pack makes. */
  readonly release: string;
  readonly bom: string;
}

/** The command: a script of Node.js, since the images have no shell. */
const command = `#!/usr/lib/corral/bin/node --max-semi-space-size=2
require('../daemons/supervisor/cli/main.js');
`;

/** Returns the directory. */
export function stage(image: ImageSpec, { root, release, bom }: StageOptions): string {
  const dir = join(root, 'dist/images', image.name);
  rmSync(dir, { recursive: true, force: true });
  cpSync(join(root, 'images/build'), join(dir, 'build'), { recursive: true });
  const lib = join(dir, 'runtime/usr/lib/corral');
  place(join(release, 'bin/node'), join(lib, 'bin/node'));
  cpSync(join(root, 'images/healthcheck.cjs'), join(lib, 'healthcheck.cjs'));
  for (const file of image.files) {
    const from = join(release, file);
    if (existsSync(from))
      cpSync(from, join(dir, 'daemon/usr/lib/corral', file), { recursive: true, verbatimSymlinks: true });
  }
  for (const [file, path] of Object.entries(image.own))
    cpSync(join(root, 'images', image.name, file), join(dir, 'daemon', path));
  if (image.files.some((file) => file === 'daemons' || file === 'daemons/supervisor'))
    write(join(dir, 'daemon/usr/lib/corral/bin/corral'), command, 0o755);
  write(join(dir, 'daemon/usr/share/corral/sbom.json'), bom);
  cpSync(join(root, 'LICENSE'), join(dir, 'daemon/usr/share/corral/LICENSE'));
  settle(dir);
  return dir;
}

/** Node.js is large: the same file, where that is possible. */
function place(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  try {
    linkSync(from, to);
  } catch {
    cpSync(from, to);
  }
}

function write(path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode });
}

/** The umask of whoever builds shall not show. */
function settle(dir: string): void {
  chmodSync(dir, 0o755);
  for (const entry of readdirSync(dir, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) chmodSync(path, 0o755);
    else if (entry.isFile()) chmodSync(path, isProgram(path) ? 0o755 : 0o644);
  }
}

function isProgram(path: string): boolean {
  return /\/(bin|build|cni)\/[^/.]+$/.test(path);
}
