// Evidence about the disk and about who may read what.
import { accessSync, constants, statfsSync, statSync } from 'node:fs';
import { secretFiles } from '../../secret-files.ts';
import type { Check } from '../check.ts';
import { type FileMode, judgeDisk, judgeModes, type Space } from '../judge/host.ts';

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
  look: ({ paths, config }) => {
    return judgeModes([paths.state, paths.run, ...secretFiles(paths, config)].flatMap(modeOf));
  },
};

function modeOf(path: string): FileMode[] {
  try {
    const { mode, uid } = statSync(path);
    return [{ path, mode: mode & 0o7777, owner: uid }];
  } catch {
    return []; // not there, which its daemon reports
  }
}

export const fileChecks: readonly Check[] = [disk, modes];
