// The leases of this boot, as they lie on disk: read once whole, then file by file. The library that is hosted here tells of
// its own; those that a plugin in a process of its own writes (Podman, containerd) are found by watching the folders, and by
// a slow look at all of them, since a watch may miss something.
import { existsSync, type FSWatcher, statSync, watch } from 'node:fs';
import { join } from 'node:path';
import { LeaseFiles } from '../../../cni-plugins/ipam/lease-files.ts';
import { leaseFolders, listLeases } from '../../../cni-plugins/ipam/list-leases.ts';
import { type Lease, leaseIps } from '../../../cni-plugins/library.ts';
import { attachmentKey } from '../../../cni-plugins/shared/names.ts';
import { ensureDir, errnoOf, listFiles } from '../../shared/effects/files.ts';
import { isNetworkName } from '../../shared/model/networks.ts';
import type { Paths } from '../../shared/model/paths.ts';

export interface BookOptions {
  readonly paths: Pick<Paths, 'leases'>;
  readonly bootId: string;
  /** Told of each difference; `lease` is the old one when it is gone. Resolves when the difference is known elsewhere. */
  readonly onChange: (lease: Lease, change: 'put' | 'gone') => Promise<void>;
  /** Called once for each file that is no lease. */
  readonly onDamaged: (file: string) => void;
}

const slowLookMs = 30_000;
const quietMs = 20;
/** Files read in one turn of the event loop. */
const perTurn = 20;

interface Page {
  readonly lease: Lease;
  /** A rewritten file is another inode. */
  readonly inode: number;
}

export class LeaseBook {
  readonly #options: BookOptions;
  /** By `<network>/<file>`. */
  readonly #pages = new Map<string, Page>();
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #dirty = new Set<string>();
  #slow: NodeJS.Timeout | undefined;
  #soon: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: BookOptions) {
    this.#options = options;
  }

  /** Reads what is there, without telling of it, and follows from then on. */
  open(): void {
    ensureDir(this.#options.paths.leases, 0o700);
    this.#follow();
    const { leases, damaged } = listLeases(this.#options.paths);
    for (const file of damaged) this.#options.onDamaged(file);
    for (const lease of leases) {
      const file = fileOf(lease);
      const inode = this.#inodeOf(file);
      if (this.#isOfThisBoot(lease) && inode !== undefined) this.#pages.set(file, { lease, inode });
    }
    this.#slow = setInterval(() => this.#lookAtAll(), slowLookMs).unref();
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#slow);
    clearTimeout(this.#soon);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  all(): Lease[] {
    return [...this.#pages.values()].map((page) => page.lease);
  }

  /** Every lease of a container, over all networks and interfaces. */
  of(containerId: string): Lease[] {
    return this.all().filter((lease) => lease.containerId === containerId);
  }

  /** Reads the lease's file now: the library has just written or removed it. Resolves as `onChange` does. */
  lookAt(lease: Lease): Promise<void> {
    return this.#look(fileOf(lease));
  }

  /** The same for a finished lease that was just written: what stands in its file is known. */
  learn(lease: Lease): Promise<void> {
    const file = fileOf(lease);
    const inode = this.#inodeOf(file);
    if (inode === undefined || lease.phase !== 'done' || !this.#isOfThisBoot(lease)) return this.#look(file);
    if (this.#pages.get(file)?.inode === inode) return Promise.resolve();
    this.#pages.set(file, { lease, inode });
    return this.#options.onChange(lease, 'put');
  }

  #look(file: string): Promise<void> {
    const before = this.#pages.get(file);
    const inode = this.#inodeOf(file);
    if (before && before.inode === inode) return Promise.resolve();
    const lease = inode === undefined ? undefined : this.#read(file);
    if (lease && inode !== undefined && this.#isOfThisBoot(lease)) {
      this.#pages.set(file, { lease, inode });
      return this.#options.onChange(lease, 'put');
    }
    if (!before) return Promise.resolve();
    this.#pages.delete(file);
    return this.#options.onChange(before.lease, 'gone');
  }

  #read(file: string): Lease | undefined {
    const [network, name] = split(file);
    const files = new LeaseFiles(this.#options.paths.leases, network);
    const lease = files.readFile(name);
    if (!lease) {
      if (files.isAsideOf(name)) this.#options.onDamaged(file);
      return undefined;
    }
    // Without its addresses it is what a DEL that was killed half-way left.
    return leaseIps(lease).every((ip) => existsSync(join(files.dir, 'addresses', ip))) ? lease : undefined;
  }

  #inodeOf(file: string): number | undefined {
    const [network, name] = split(file);
    return statSync(join(this.#options.paths.leases, network, 'attachments', name), { throwIfNoEntry: false })?.ino;
  }

  #isOfThisBoot(lease: Lease): boolean {
    return lease.bootId === this.#options.bootId;
  }

  #lookAtAll(): void {
    this.#follow();
    for (const file of this.#pages.keys()) this.#dirty.add(file);
    for (const network of listFiles(this.#options.paths.leases).filter(isNetworkName)) {
      const files = new LeaseFiles(this.#options.paths.leases, network);
      for (const name of files.names()) this.#dirty.add(`${network}/${name}`);
    }
    this.#lookSoon();
  }

  #lookSoon(): void {
    if (this.#closed || this.#soon) return;
    this.#soon = setTimeout(() => {
      this.#soon = undefined;
      for (const file of [...this.#dirty].slice(0, perTurn)) {
        this.#dirty.delete(file);
        void this.#look(file);
      }
      if (this.#dirty.size > 0) this.#lookSoon();
    }, quietMs);
  }

  /** Watches the folders that exist by now; a folder that went and came again is watched anew. */
  #follow(): void {
    const wanted = new Set(leaseFolders(this.#options.paths));
    for (const [dir, watcher] of this.#watchers) {
      if (wanted.has(dir)) continue;
      watcher.close();
      this.#watchers.delete(dir);
    }
    for (const dir of wanted) if (!this.#watchers.has(dir)) this.#watch(dir);
  }

  #watch(dir: string): void {
    const isParent = dir === this.#options.paths.leases;
    try {
      const watcher = watch(dir, { persistent: false }, (_, name) => {
        if (isParent || name === null) this.#lookAtAll();
        else if (name.endsWith('.json') && !name.startsWith('.')) this.#note(dir, name);
      });
      watcher.on('error', () => this.#drop(dir));
      this.#watchers.set(dir, watcher);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
  }

  #note(dir: string, name: string): void {
    const network = dir.slice(this.#options.paths.leases.length + 1).split('/')[0] ?? '';
    this.#dirty.add(`${network}/${name}`);
    this.#lookSoon();
  }

  #drop(dir: string): void {
    this.#watchers.get(dir)?.close();
    this.#watchers.delete(dir);
  }
}

function fileOf(lease: Lease): string {
  return `${lease.network}/${attachmentKey(lease.containerId, lease.ifname)}.json`;
}

function split(file: string): [network: string, name: string] {
  const slash = file.indexOf('/');
  return [file.slice(0, slash), file.slice(slash + 1)];
}
