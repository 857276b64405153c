// Evidence about the disk and about who may read what.
import { accessSync, constants, readdirSync, statfsSync, statSync } from 'node:fs';
import type { Check } from '../check.ts';
import { type FileMode, judgeDisk, judgeModes, type Space } from '../judge/host.ts';
import type { Scene } from '../scene.ts';

const disk: Check = {
  id: 'disk',
  title: 'there is room for the store, leases and logs',
  look: ({ paths }) => judgeDisk([paths.state, paths.run, paths.logs].flatMap(spaceOf)),
};

function spaceOf(path: string): Space[] {
  try {
    const { bavail, blocks, bsize } = statfsSync(path);
    return [{ path, freeBytes: bavail * bsize, totalBytes: blocks * bsize, isWritable: isWritable(path) }];
  } catch {
    return []; // not there yet
  }
}

/** Also root cannot write where the file system is read-only. */
function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

const modes: Check = {
  id: 'file-modes',
  title: "keys, passwords and sockets are root's alone",
  look: (scene) => judgeModes(secretFiles(scene).flatMap(modeOf)),
};

/** By their names, so that a driver that keeps keys need not be asked. */
const isSecretName = (name: string): boolean => /key|secret|psk|password|token|\.pem$|\.p12$/i.test(name);
const mostFiles = 1_000;

function secretFiles({ paths, config: { store } }: Scene): string[] {
  const named = [store.passwordFile, store.tls === 'none' ? undefined : store.tls.key];
  const below = [paths.state, paths.run].flatMap((folder) => [
    folder,
    ...filesBelow(folder, 3).filter((path) => isSecretName(path.slice(folder.length))),
  ]);
  return [...named.filter((path) => path !== undefined && path !== 'none'), ...below].slice(0, mostFiles) as string[];
}

function filesBelow(folder: string, depth: number): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return depth > 0 ? filesBelow(path, depth - 1) : [];
      return entry.isFile() ? [path] : [];
    });
  } catch {
    return [];
  }
}

function modeOf(path: string): FileMode[] {
  try {
    const { mode, uid } = statSync(path);
    return [{ path, mode: mode & 0o7777, owner: uid }];
  } catch {
    return []; // not there, which its daemon reports
  }
}

export const fileChecks: readonly Check[] = [disk, modes];
