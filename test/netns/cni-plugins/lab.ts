// A host of its own for each test: a network namespace, a root directory with a block file, and containers that are
// namespaces. The plugins run inside the host's namespace, as their programs or as the library in a child process.
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { type Paths, pathsBelow } from '../../../daemons/shared/model/paths.ts';
import { block } from '../../fixtures/blocks.ts';

const repository = fileURLToPath(new URL('../../../', import.meta.url));
export const skipReason = process.getuid?.() === 0 ? false : 'namespaces need root';

export const config = { cniVersion: '1.1.0', name: 'corral', type: 'corral-bridge', ipam: { type: 'corral-ipam' } };

export interface Run {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Container {
  readonly id: string;
  readonly netns: string;
}

export interface Options {
  readonly program?: string;
  readonly args?: string;
  readonly config?: object;
  readonly env?: Readonly<Record<string, string>>;
}

let built = false;
let count = 0;

export class Lab {
  readonly host: string;
  readonly root: string;
  readonly paths: Paths;
  readonly #namespaces: string[] = [];

  /** `given`: the block file; null for a host without one. */
  constructor(t: Test, given: object | null = block, network = 'corral') {
    if (!built) execFileSync(join(repository, 'scripts/build-cni'));
    built = true;
    this.root = mkdtempSync(join(tmpdir(), 'co-cni-'));
    this.paths = pathsBelow(this.root);
    t.teardown(() => this.#remove());
    this.host = this.#addNamespace();
    mkdirSync(this.paths.blocks, { recursive: true });
    if (given) writeFileSync(join(this.paths.blocks, `${network}.json`), JSON.stringify(given));
  }

  container(): Container {
    const netns = this.#addNamespace();
    return { id: randomBytes(16).toString('hex'), netns };
  }

  removeContainer(container: Container): void {
    execFileSync('ip', ['netns', 'del', container.netns]);
  }

  /** Runs a plugin's program as a runtime would. */
  cni(verb: string, container: Container, options: Options = {}): Promise<Run> {
    const env = this.env(verb, container, options);
    const program = options.program ?? join(repository, 'dist/cni/corral-bridge');
    return this.run(['env', '-i', ...Object.entries(env).map(([key, value]) => `${key}=${value}`), program], options);
  }

  env(verb: string, container: Container, options: Options = {}): Record<string, string> {
    return {
      CORRAL_ROOT: this.root,
      CNI_COMMAND: verb,
      CNI_CONTAINERID: container.id,
      CNI_IFNAME: 'eth0',
      CNI_NETNS: `/run/netns/${container.netns}`,
      CNI_PATH: `${join(repository, 'dist/cni')}:/usr/lib/cni`,
      ...(options.args && { CNI_ARGS: options.args }),
      ...options.env,
    };
  }

  /** Runs a program in the host's namespace. */
  run(command: readonly string[], options: { config?: object } = {}): Promise<Run> {
    const child = spawn('ip', ['netns', 'exec', this.host, ...command], { cwd: '/', stdio: 'pipe' });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk) => (stdout += chunk));
    child.stderr.on('data', (chunk) => (stderr += chunk));
    child.stdin.on('error', () => undefined); // it may end without reading
    child.stdin.end(JSON.stringify(options.config ?? config));
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
    });
  }

  /** Runs library-child.ts with a job, in the host's namespace. */
  library(job: object): Promise<Run> {
    const child = fileURLToPath(new URL('library-child.ts', import.meta.url));
    return this.run([process.execPath, child], { config: { root: this.root, ...job } });
  }

  /** `ip …` on the host or in a container. */
  ip(where: 'host' | Container, ...args: string[]): string {
    const netns = where === 'host' ? this.host : where.netns;
    return execFileSync('ip', ['-n', netns, ...args], { encoding: 'utf8' });
  }

  exec(where: 'host' | Container, ...command: string[]): string {
    const netns = where === 'host' ? this.host : where.netns;
    return execFileSync('ip', ['netns', 'exec', netns, ...command], { encoding: 'utf8', stdio: 'pipe' });
  }

  /** True if a ping is answered within a second. */
  pings(from: 'host' | Container, address: string, ...more: string[]): boolean {
    try {
      this.exec(from, 'ping', '-c', '1', '-W', '1', ...more, address);
      return true;
    } catch {
      return false;
    }
  }

  /** Everything that an attachment may leave on this host, one a line; empty when nothing is left. */
  traces(): string[] {
    const links = this.ip('host', '-o', 'link')
      .split('\n')
      .filter((line) => /^\d+: vethr/.test(line));
    const neighbours = this.ip('host', 'neigh', 'show', 'nud', 'permanent')
      .split('\n')
      .filter((line) => line !== '');
    const routes = ['-4', '-6']
      .flatMap((family) => this.ip('host', family, 'route', 'show', 'proto', '143').split('\n'))
      .filter((line) => line !== '');
    return [...links, ...neighbours, ...routes, ...this.files('attachments'), ...this.files('addresses')];
  }

  files(kind: 'attachments' | 'addresses', network = 'corral'): string[] {
    try {
      return readdirSync(join(this.paths.leases, network, kind));
    } catch {
      return [];
    }
  }

  #addNamespace(): string {
    count += 1;
    const name = `co-${process.pid}-${randomBytes(3).toString('hex')}-${count}`;
    execFileSync('ip', ['netns', 'add', name]);
    this.#namespaces.push(name);
    return name;
  }

  #remove(): void {
    for (const name of this.#namespaces) {
      try {
        execFileSync('ip', ['netns', 'del', name], { stdio: 'ignore' });
      } catch {
        // the test removed it itself
      }
    }
    rmSync(this.root, { recursive: true, force: true });
  }
}
