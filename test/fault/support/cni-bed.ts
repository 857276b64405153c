// A host with the plugins installed below its own root, and daemons that host them, started and ended at will.
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { type Container, config, Lab, type Options, type Run } from '../../netns/cni-plugins/lab.ts';
import { until } from '../../netns/support/namespaces.ts';

const repository = fileURLToPath(new URL('../../../', import.meta.url));

export class CniBed {
  readonly lab: Lab;
  readonly #t: Test;
  readonly #program: string;
  readonly #standalone: string;

  constructor(t: Test) {
    this.#t = t;
    this.lab = new Lab(t);
    this.#standalone = join(this.lab.paths.cniBin, '.corral');
    this.#program = join(this.lab.paths.cniBin, 'corral-bridge');
    mkdirSync(join(this.lab.root, 'run/corral'), { recursive: true });
    mkdirSync(this.lab.paths.cniBin, { recursive: true });
    copyFileSync(join(repository, 'dist/cni/corral-bridge'), this.#program);
    chmodSync(this.#program, 0o755);
    this.standaloneWorks();
  }

  standaloneWorks(): void {
    this.standaloneIsMissing();
    symlinkSync(join(repository, 'dist/cni/.corral'), this.#standalone);
  }

  standaloneIsMissing(): void {
    rmSync(this.#standalone, { recursive: true, force: true });
  }

  /** The standalone form is killed after that step. */
  standaloneDies(step: string): void {
    this.standaloneIsMissing();
    mkdirSync(this.#standalone);
    const script = fileURLToPath(new URL('dying-standalone.ts', import.meta.url));
    writeFileSync(join(this.#standalone, 'node'), `#!/bin/sh\nDIE_AFTER=${step} exec ${process.execPath} ${script}\n`, {
      mode: 0o755,
    });
  }

  /** A verb by the installed plugin, as a runtime calls it. */
  cni(verb: string, container: Container, options: Options = {}): Promise<Run> {
    return this.lab.cni(verb, container, { program: this.#program, ...options });
  }

  /** Starts a verb, to be killed. */
  start(verb: string, container: Container): ChildProcess {
    const env = this.lab.env(verb, container);
    const child = spawn('ip', ['netns', 'exec', this.lab.host, this.#program], { env: { ...process.env, ...env } });
    child.stdin.end(JSON.stringify(config));
    return child;
  }

  /** The same by the standalone form, past the shim and whatever daemon runs. */
  alone(verb: string, container: Container): Promise<Run> {
    const env = { CORRAL_CNI_PROGRAM: 'corral-bridge' };
    const program = fileURLToPath(new URL('alone.sh', import.meta.url));
    return this.lab.cni(verb, container, { program, env });
  }

  /** Starts a daemon that hosts the plugins; see cni-host.ts for the arguments. */
  async host(...fault: string[]): Promise<CniHost> {
    const script = fileURLToPath(new URL('cni-host.ts', import.meta.url));
    const command = ['netns', 'exec', this.lab.host, process.execPath, script, this.lab.root, ...fault];
    const child = spawn('ip', command, { stdio: ['ignore', 'pipe', 'inherit'] });
    const host = new CniHost(child);
    this.#t.teardown(() => host.kill());
    await until(30_000, 'the daemon listens', () => host.said.includes('listening') || child.exitCode !== null);
    return host;
  }
}

export class CniHost {
  readonly child: ChildProcess;
  said: readonly string[] = [];

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.said = [...this.said, ...text.trim().split('\n')];
    });
  }

  get isStopped(): boolean {
    return /\) T /.test(readFileSync(`/proc/${this.child.pid}/stat`, 'utf8'));
  }

  get isDead(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await until(30_000, 'the daemon is dead', () => this.isDead);
  }
}
