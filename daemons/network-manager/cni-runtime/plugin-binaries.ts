// Plugins that a container brings (label `io.rancher.network.cni.binary`, its own /opt/cni/bin/<name>): copied out of it by
// the engine and installed as programs of the host, so that no call depends on a pid. Only what a network's configuration
// asks for is installed, and nothing that somebody else has put on the host is replaced.
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, lstatSync, readlinkSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Docker, DockerContainer } from '../../shared/effects/docker.ts';
import { ensureDir, listFiles, removeFile } from '../../shared/effects/files.ts';
import { label } from '../../shared/model/labels.ts';
import { isProgramName } from '../cni-conf/plugin-lists.ts';

export interface BinariesOptions {
  /** /opt/cni/bin, where runtimes look. */
  readonly dir: string;
  /** Other folders with programs; one of the same name there is not hidden by ours. */
  readonly others: readonly string[];
  readonly onInstalled: (name: string, container: string) => void;
  readonly onFault: (container: Pick<DockerContainer, 'id' | 'name'>, error: unknown) => void;
}

/** Corral's own; a container may not stand in for them. */
const reserved = new Set([
  'corral-bridge',
  'corral-ipam',
  'rancher-bridge',
  'rancher-cni-ipam',
  'rancher-host-local-ipam',
]);
const store = '.corral-plugins';
const maxProviders = 64;

interface Provider {
  readonly docker: Pick<Docker, 'readFile'>;
  readonly container: DockerContainer;
}

export class PluginBinaries {
  readonly #options: BinariesOptions;
  readonly #providers = new Map<string, Provider>();
  #wanted: ReadonlySet<string> = new Set();
  #work: Promise<void> = Promise.resolve();

  constructor(options: BinariesOptions) {
    this.#options = options;
  }

  /** The names that networks ask for; what was installed for others goes. */
  setWanted(names: ReadonlySet<string>): void {
    this.#wanted = names;
    for (const name of this.#installed()) if (!names.has(name)) this.#remove(name);
    for (const name of this.#providers.keys()) this.#later(name);
  }

  /** A container that runs; of two that bring the same program the first keeps it. */
  onSeen(docker: Pick<Docker, 'readFile'>, container: DockerContainer): void {
    const name = container.labels[label.cniBinary];
    if (!container.running || !isProgramName(name) || reserved.has(name)) return;
    const known = this.#providers.get(name);
    const isOther = known && known.container.id !== container.id;
    if (known?.container.startedAt === container.startedAt || this.#providers.size >= maxProviders) return;
    if (isOther && known.container.createdAt <= container.createdAt) return;
    this.#providers.set(name, { docker, container });
    this.#later(name);
  }

  /** For whoever stops: resolves when nothing is being installed. */
  settled(): Promise<void> {
    return this.#work;
  }

  /** One at a time, so that two versions do not cross. */
  #later(name: string): void {
    const provider = this.#providers.get(name);
    if (!provider || !this.#wanted.has(name)) return;
    this.#work = this.#work
      .then(() => this.#install(name, provider))
      .catch((error: unknown) => {
        this.#options.onFault(provider.container, error);
      });
  }

  async #install(name: string, { docker, container }: Provider): Promise<void> {
    const path = join(this.#options.dir, name);
    if (isForeign(path) || this.#options.others.some((dir) => existsSync(join(dir, name)))) return;
    const body = await docker.readFile(container.id, `/opt/cni/bin/${name}`);
    const target = join(store, `${name}@${createHash('sha256').update(body).digest('hex').slice(0, 16)}`);
    if (linkAt(path) === target) return;
    ensureDir(join(this.#options.dir, store), 0o700);
    writeProgram(join(this.#options.dir, target), body);
    replaceLink(path, target);
    for (const old of listFiles(join(this.#options.dir, store))) {
      if (old.startsWith(`${name}@`) && join(store, old) !== target) removeFile(join(this.#options.dir, store, old));
    }
    this.#options.onInstalled(name, container.name);
  }

  #installed(): string[] {
    return listFiles(this.#options.dir).filter((name) =>
      linkAt(join(this.#options.dir, name))?.startsWith(`${store}/`),
    );
  }

  #remove(name: string): void {
    const path = join(this.#options.dir, name);
    const target = linkAt(path);
    removeFile(path);
    if (target) removeFile(join(this.#options.dir, target));
  }
}

/** Something that is not a link of ours. */
function isForeign(path: string): boolean {
  const isThere = lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  return isThere && !linkAt(path)?.startsWith(`${store}/`);
}

function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** Beside and then moved: a program that is being started is never half there, nor "busy". */
function writeProgram(path: string, body: Buffer): void {
  const draft = `${path}.draft-${process.pid}`;
  writeFileSync(draft, body, { mode: 0o755 });
  chmodSync(draft, 0o755);
  renameSync(draft, path);
}

function replaceLink(path: string, target: string): void {
  const draft = `${path}.draft-${process.pid}`;
  removeFile(draft);
  symlinkSync(target, draft);
  renameSync(draft, path);
}
