// Rancher's state files, `<root>/var/lib/rancher/state/cni/<container>/<StartedAt>`: its agent waits 30 s for one after it has
// started a container. An error there fails the start at once, so it is written only when the agent is about to give up;
// we go on trying, and the result replaces it.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Lease } from '../../../cni-plugins/library.ts';
import { ensureDir, ensureFile, listFiles, removeFile } from '../../shared/effects/files.ts';
import type { Paths } from '../../shared/model/paths.ts';
import { renderState, renderStateError, stateFileName } from './legacy-state.ts';

export interface StateFilesOptions {
  readonly paths: Pick<Paths, 'root'>;
  /** From the first failure of a run to the error in the file. */
  readonly errorMs?: number;
  readonly onFault: (error: unknown) => void;
}

/** The agent waits 30 s; our first look at a container comes some milliseconds after its start. */
const usualErrorMs = 25_000;
const maxFailing = 10_000;

interface Failing {
  readonly file: string;
  text: string;
  readonly timer: NodeJS.Timeout;
}

export class StateFiles {
  readonly #options: StateFilesOptions;
  readonly #dir: string;
  readonly #failing = new Map<string, Failing>();

  constructor(options: StateFilesOptions) {
    this.#options = options;
    this.#dir = join(options.paths.root, '/var/lib/rancher/state/cni');
  }

  /** Written if it differs; files of earlier runs of the container go. Throws Node's own errors. */
  attached(containerId: string, startedAt: string, lease: Lease): void {
    this.#forget(containerId);
    const file = stateFileName(startedAt);
    if (file === undefined || !isFolderName(containerId)) return;
    const dir = join(this.#dir, containerId);
    ensureDir(dir);
    ensureFile(join(dir, file), renderState(lease.result), { mode: 0o644 });
    for (const other of listFiles(dir)) if (other !== file) removeFile(join(dir, other));
  }

  /** Each failure of a run brings a newer text; the first one starts the clock. */
  failed(containerId: string, startedAt: string, text: string): void {
    const file = stateFileName(startedAt);
    if (file === undefined || !isFolderName(containerId)) return;
    const known = this.#failing.get(containerId);
    if (known?.file === file) {
      known.text = text;
      return;
    }
    this.#forget(containerId);
    if (this.#failing.size >= maxFailing) return;
    const timer = setTimeout(() => this.#giveUp(containerId), this.#options.errorMs ?? usualErrorMs).unref();
    this.#failing.set(containerId, { file, text, timer });
  }

  /** The container no longer runs, or is no longer attached. */
  ended(containerId: string): void {
    this.#forget(containerId);
    if (isFolderName(containerId)) rmSync(join(this.#dir, containerId), { recursive: true, force: true });
  }

  /** Containers that have a file: also those that ended while nobody looked, but not those that are failing now. */
  containers(): string[] {
    return listFiles(this.#dir).filter((id) => isFolderName(id) && !this.#failing.has(id));
  }

  close(): void {
    for (const id of [...this.#failing.keys()]) this.#forget(id);
  }

  #giveUp(containerId: string): void {
    const failing = this.#failing.get(containerId);
    if (!failing) return;
    try {
      ensureDir(join(this.#dir, containerId));
      ensureFile(join(this.#dir, containerId, failing.file), renderStateError(failing.text), { mode: 0o644 });
    } catch (error) {
      this.#options.onFault(error);
    }
  }

  #forget(containerId: string): void {
    clearTimeout(this.#failing.get(containerId)?.timer);
    this.#failing.delete(containerId);
  }
}

/** Engines' ids are 64 hexadecimal digits; nothing else becomes, or is removed as, a folder. */
function isFolderName(containerId: string): boolean {
  return /^[0-9a-f]{64}$/.test(containerId);
}
