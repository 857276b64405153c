// The folder /etc/cni as the keeper of configurations sees and changes it. The manifest of what is Corral's lies in the state
// folder and is written before the files that it names: a daemon that is killed in between knows them afterwards.
import { lstatSync, readlinkSync, renameSync, rmdirSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  ensureDir,
  ensureFile,
  errnoOf,
  readTextIfPresent,
  removeFile,
  writeAtomic,
} from '../../shared/effects/files.ts';
import type { Paths } from '../../shared/model/paths.ts';
import type { ConfPlan, HaveConf } from './plan-conf.ts';

type ConfPaths = Pick<Paths, 'cniConf' | 'state'>;

const manifestPath = (paths: ConfPaths): string => `${paths.state}/cni-files.json`;
const linkPath = (paths: ConfPaths): string => `${paths.cniConf}/managed.d`;

export function observeConf(paths: ConfPaths, wanted: Iterable<string>): HaveConf {
  const manifest = parseManifest(readTextIfPresent(manifestPath(paths)) ?? '', paths);
  const files = new Map<string, string>();
  for (const path of new Set([...manifest, ...wanted])) {
    const text = readTextIfPresent(path);
    if (text !== undefined) files.set(path, text);
  }
  return { manifest, files, managed: readLink(linkPath(paths)) };
}

/** Returns the number of changes to /etc/cni. Throws Node's own errors. */
export function applyConf(plan: ConfPlan, paths: ConfPaths): number {
  if (plan.write.length > 0) writeManifest(plan.claim, paths);
  for (const { path, body } of plan.write) {
    ensureDir(dirname(path), 0o700);
    writeAtomic(path, body);
  }
  const gone = new Set(plan.drop);
  for (const path of gone) dropConf(path);
  const kept = plan.claim.filter((path) => !gone.has(path));
  writeManifest(kept, paths);
  if (plan.link !== undefined) setLink(linkPath(paths), plan.link);
  return plan.write.length + gone.size + (plan.link === undefined ? 0 : 1);
}

function writeManifest(files: readonly string[], paths: ConfPaths): void {
  const body = `${JSON.stringify({ version: 1, files })}\n`;
  if (files.length === 0 && readTextIfPresent(manifestPath(paths)) === undefined) return;
  ensureDir(paths.state, 0o700);
  ensureFile(manifestPath(paths), body, { sync: true });
}

/** Only what can be ours: whatever a damaged manifest names elsewhere is not removed. */
function parseManifest(text: string, paths: ConfPaths): string[] {
  try {
    const { files } = JSON.parse(text) as { files?: unknown };
    const isOurs = (path: unknown): path is string =>
      typeof path === 'string' && path.startsWith(`${paths.cniConf}/`) && !path.includes('/../');
    return Array.isArray(files) ? files.filter(isOurs) : [];
  } catch {
    return [];
  }
}

function readLink(path: string): HaveConf['managed'] {
  try {
    return lstatSync(path).isSymbolicLink() ? { link: readlinkSync(path) } : 'other';
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** A new link is moved over the old one, so that no reader finds none. */
function setLink(path: string, target: string | null): void {
  if (target === null) {
    removeFile(path);
    return;
  }
  const draft = `${path}.draft-${process.pid}`;
  ensureDir(dirname(path));
  removeFile(draft);
  symlinkSync(target, draft);
  renameSync(draft, path);
}

/** With the last file goes the folder. */
function dropConf(path: string): void {
  removeFile(path);
  try {
    rmdirSync(dirname(path));
  } catch (error) {
    if (!['ENOTEMPTY', 'ENOENT', 'EEXIST'].includes(errnoOf(error) ?? '')) throw error;
  }
}
