// The life of charon on this host. It is a process of its own in every sense: detached, so that security associations live on
// when this daemon dies, and found again by a lock that it holds as long as it lives. Two of them would fight for UDP 500.
import { spawn } from 'node:child_process';
import { accessSync, closeSync, constants, openSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { howToInstall } from '../../../shared/daemon/installation.ts';
import { ensureDir, ensureFile, readTextIfPresent, removeFile } from '../../../shared/effects/files.ts';
import { flock } from '../../../shared/effects/libc.ts';
import {
  endProcess,
  findLockHolder,
  identify,
  isRunning,
  type ProcessId,
  signal,
} from '../../../shared/effects/processes.ts';
import { hasCode, SuiteError } from '../../../shared/model/errors.ts';
import type { CharonPlaces } from '../../../shared/model/ipsec.ts';
import type { EspMode } from '../settings.ts';
import { openVici, type Vici } from '../vici.ts';
import { charonPlugins, packageOf, renderConfig } from './render-config.ts';

const program = 'charon-systemd';
const programDirs = ['/usr/local/sbin', '/usr/sbin', '/sbin'] as const;
/** From its start until VICI answers; usually 30 ms. */
const startMs = 10_000;
/** One that does not answer for so long is no use to anybody. */
const silenceMs = 15_000;
const endMs = 5_000;
const askMs = 3_000;
const pauseMs = 20;
const mostLogBytes = 4 << 20;
/** As for other programs that hold a host together: killed late. */
const oomScore = '-800';

/** One that this suite runs, or one that somebody else does. */
export interface CharonKeeper {
  /**
   * Finds it or starts it.
   * @throws SuiteError COMMAND_MISSING with the packages to install, NOT_RUNNING with its last words, DEADLINE
   */
  ensure(mode: EspMode): Promise<Running>;
  /**
   * Ends it if it is ours, else takes out of it what is ours. Absence is success.
   * @param keys charon's names of the private keys that it was given
   */
  stop(keys: readonly string[]): Promise<void>;
  /** Leaves it running. */
  close(): void;
}

export interface Running {
  readonly vici: Vici;
  /** True when it is not the one of the last call: it knows nothing. */
  readonly isNew: boolean;
  /** True if this call has started it, or found it just started: it has no security associations. */
  readonly isFresh: boolean;
}

export class Charon implements CharonKeeper {
  readonly #places: CharonPlaces;
  #vici: Vici | undefined;
  #process: ProcessId | undefined;
  #silentSince: number | undefined;
  #config = '';

  constructor(places: CharonPlaces) {
    this.#places = places;
  }

  async ensure(mode: EspMode): Promise<Running> {
    const { dir, config, lock } = this.#places;
    ensureDir(dir, 0o700);
    const text = renderConfig(mode, this.#places);
    const isOther = ensureFile(config, text) || (this.#config !== '' && this.#config !== text);
    this.#config = text;
    let holder = this.#process && isRunning(this.#process) ? this.#process : findLockHolder(lock);
    if (holder && isOther) {
      await endProcess(holder, endMs);
      holder = undefined;
    }
    const started = holder ? undefined : this.#start();
    return this.#meet(holder ?? started!, mode, started !== undefined);
  }

  /** With SIGTERM it says goodbye to its peers. Absence is success. */
  async stop(): Promise<void> {
    const holder = findLockHolder(this.#places.lock);
    this.#forget();
    if (!holder) return;
    await endProcess(holder, endMs);
    removeFile(this.#places.socket);
  }

  close(): void {
    this.#forget();
  }

  #forget(): void {
    this.#vici?.close();
    this.#vici = undefined;
    this.#process = undefined;
  }

  #start(): ProcessId {
    const { socket, output, lock, config } = this.#places;
    const path = findProgram();
    this.#forget();
    removeFile(socket); // it stays behind a dead one, and is no sign of life
    const fd = openSync(lock, 'a', 0o600);
    try {
      if (!flock(fd, 'exclusive')) throw new SuiteError('BUSY', 'start charon: another one is about to end');
      const out = openSync(output, 'w', 0o600);
      const child = spawn(path, [], {
        detached: true,
        cwd: '/',
        // The lock is the child's as long as it lives; who finds the lock held finds the child.
        stdio: ['ignore', out, out, fd],
        env: { PATH: programDirs.join(':'), STRONGSWAN_CONF: config },
      });
      closeSync(out);
      child.on('error', () => undefined); // told below
      child.unref();
      const made = child.pid === undefined ? undefined : identify(child.pid);
      if (!made) throw new SuiteError('NOT_RUNNING', `start ${path}: it could not be started`);
      spare(made);
      return made;
    } finally {
      closeSync(fd);
    }
  }

  async #meet(found: ProcessId, mode: EspMode, isFresh: boolean): Promise<Running> {
    const isNew = this.#process?.pid !== found.pid || this.#process.startTicks !== found.startTicks;
    if (isNew) this.#forget();
    this.#vici ??= openVici(this.#places.socket);
    const vici = this.#vici;
    const until = performance.now() + (isNew ? startMs : 0);
    for (;;) {
      try {
        const stats = await vici.call('stats', {}, askMs);
        this.#silentSince = undefined;
        if (isNew) requirePlugins(stats.plugins, mode);
        this.#process = found;
        await this.#turnLog(vici);
        return { vici, isNew, isFresh };
      } catch (error) {
        if (!isRunning(found)) throw this.#lastWords(error);
        if (!hasCode(error, 'NOT_RUNNING', 'DEADLINE')) throw error;
        this.#silentSince ??= performance.now();
        if (performance.now() - this.#silentSince > silenceMs) {
          signal(found, 'SIGKILL');
          this.#silentSince = undefined;
        }
        if (performance.now() >= until) throw error;
      }
      await new Promise((done) => setTimeout(done, pauseMs));
    }
  }

  #lastWords(cause: unknown): SuiteError {
    const said = readTextIfPresent(this.#places.output)?.trim().split('\n').at(-1)?.slice(0, 200);
    this.#forget();
    return new SuiteError('NOT_RUNNING', `run charon: it ended${said ? `: ${said}` : ''}`, {
      cause,
      hint: `its log is ${this.#places.log}`,
    });
  }

  /** charon opens its log anew when it is told to read its settings again. */
  async #turnLog(vici: Vici): Promise<void> {
    const { log } = this.#places;
    if ((statSync(log, { throwIfNoEntry: false })?.size ?? 0) < mostLogBytes) return;
    renameSync(log, `${log}.1`);
    await vici.call('reload-settings');
  }
}

/** @throws SuiteError COMMAND_MISSING */
function findProgram(): string {
  for (const dir of programDirs) {
    try {
      accessSync(`${dir}/${program}`, constants.X_OK);
      return `${dir}/${program}`;
    } catch {
      // The next folder.
    }
  }
  throw missing(program, 'charon-systemd');
}

export function requirePlugins(loaded: unknown, mode: EspMode): void {
  if (!Array.isArray(loaded)) return;
  const lacks = charonPlugins(mode).find((plugin) => !loaded.includes(plugin));
  if (lacks !== undefined) throw missing(`strongSwan’s plugin ${lacks}`, packageOf(lacks));
}

function missing(what: string, fromPackage: string): SuiteError {
  return new SuiteError('COMMAND_MISSING', `find ${what}, of the Debian package ${fromPackage}`, {
    hint: howToInstall(fromPackage, '--ipsec'),
  });
}

/** The kernel ends other programs first when memory is short. */
function spare({ pid }: ProcessId): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, oomScore);
  } catch {
    // Not allowed in this container, or it has ended already.
  }
}
