// Puts the built plugins and a network's configuration where container runtimes look for them. Every file is made beside its
// place and renamed into it, so that a runtime that starts a plugin meanwhile finds the old or the new one.
import { chmodSync, copyFileSync, lstatSync, readFileSync, readlinkSync, renameSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ensureDir, ensureFile, readTextIfPresent, removeFile } from '../shared/effects/files.ts';
import { isOwnConflist, renderConflist } from '../shared/model/conflist.ts';
import { SuiteError } from '../shared/model/errors.ts';

export interface InstallOptions {
  /** Directory of the built plugins. */
  readonly from: string;
  readonly dir: string;
  readonly conf: string;
  readonly network: string;
}

export interface Installed {
  /** Paths. */
  readonly changed: readonly string[];
  readonly unchanged: readonly string[];
}

const programs = ['corral-bridge', 'corral-ipam'] as const;
/** Rancher's names; `.corral` is where the shim finds the standalone form. */
const links = { 'rancher-bridge': 'corral-bridge', 'rancher-cni-ipam': 'corral-ipam' } as const;
const standalone = '.corral';

/** @throws SuiteError NOT_READY if nothing is built, CONFIG_INVALID if somebody else's configuration has the name. */
export function installCni(options: InstallOptions): Installed {
  const [dir, conf] = [resolve(options.dir), resolve(options.conf)];
  const list = join(conf, conflistName(options.network));
  refuseForeign(list);
  const changed: string[] = [];
  const unchanged: string[] = [];
  const note = (path: string, wrote: boolean): void => void (wrote ? changed : unchanged).push(path);
  ensureDir(dir);
  // The standalone form first: a shim without it could not fall back.
  note(join(dir, standalone), ensureLink(join(dir, standalone), join(options.from, standalone)));
  for (const name of programs) note(join(dir, name), ensureProgram(join(dir, name), join(options.from, name)));
  for (const [name, target] of Object.entries(links)) note(join(dir, name), ensureLink(join(dir, name), target));
  ensureDir(conf);
  note(list, ensureFile(list, renderConflist(options.network), { mode: 0o644 }));
  return { changed, unchanged };
}

/** One a network; not the name of network-manager's own files, which would take net.d for the folder of a network "net". */
function conflistName(network: string): string {
  return `10-corral-${network}.conflist`;
}

function refuseForeign(path: string): void {
  const text = readTextIfPresent(path);
  if (text === undefined || isOwnConflist(text)) return;
  throw new SuiteError('CONFIG_INVALID', `write ${path}: the file there is not Corral’s`, {
    hint: 'Move it away, or name another directory with --conf',
  });
}

function ensureProgram(path: string, from: string): boolean {
  if (isSameProgram(path, from)) return false;
  const draft = draftOf(path);
  copyFileSync(from, draft);
  chmodSync(draft, 0o755);
  renameSync(draft, path);
  return true;
}

function isSameProgram(path: string, from: string): boolean {
  const wanted = readBuilt(from);
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isFile() === true && (found.mode & 0o777) === 0o755 && readFileSync(path).equals(wanted);
}

function readBuilt(from: string): Buffer {
  try {
    return readFileSync(from);
  } catch (cause) {
    throw new SuiteError('NOT_READY', `read ${from}`, {
      cause,
      hint: 'scripts/build-cni makes it; scripts/setup runs that',
    });
  }
}

function ensureLink(path: string, target: string): boolean {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() && readlinkSync(path) === target) return false;
  const draft = draftOf(path);
  symlinkSync(target, draft);
  renameSync(draft, path);
  return true;
}

function draftOf(path: string): string {
  const draft = `${path}.corral-${process.pid}`;
  removeFile(draft); // of a run that was killed, whose pid is ours now
  return draft;
}
