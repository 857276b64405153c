// Takes down attachments whose namespace or link has vanished: `ip netns delete` without a detach, a runtime that was killed
// before its DEL, a veth that somebody deleted. A container of an engine that still runs is attached anew by its keeper.
import { readFileSync } from 'node:fs';
import type { Cni, Lease } from '../../../cni-plugins/library.ts';
import { Loop } from '../../shared/reconcile/loop.ts';
import type { HostLinks } from '../host-links.ts';
import { inodeAt } from './container-netns.ts';
import { refOf } from './describe.ts';
import type { Failures } from './failures.ts';
import type { LeaseBook } from './lease-book.ts';
import { confirmGone, isGone, type Sight } from './vanished.ts';

export interface SweeperDeps {
  readonly cni: Pick<Cni, 'del'>;
  readonly book: LeaseBook;
  readonly failures: Failures;
  /** The host's devices, as far as they are known without asking the kernel. */
  readonly links: Pick<HostLinks, 'list'>;
  readonly onDetached: (lease: Lease) => void;
  readonly everyMs?: number;
}

const usualMs = 5_000;

export class Sweeper {
  readonly #deps: SweeperDeps;
  readonly #loop: Loop;
  #before: ReadonlySet<string> = new Set();

  constructor(deps: SweeperDeps) {
    this.#deps = deps;
    this.#loop = new Loop({ pass: () => this.#pass(), failed: () => undefined, everyMs: deps.everyMs ?? usualMs });
  }

  start(): void {
    this.#loop.poke();
  }

  stop(): Promise<void> {
    return this.#loop.close();
  }

  async #pass(): Promise<void> {
    const known = new Set((await this.#deps.links.list()).map(({ name }) => name));
    const leases = this.#deps.book.all().filter(({ phase }) => phase === 'done');
    const missed = leases.filter((lease) => isGone(lease, look(lease, known)));
    // A lease may be newer than the list of devices.
    const links = missed.length > 0 ? hostLinks() : known;
    const gone = missed.filter((lease) => isGone(lease, look(lease, links)));
    const { confirmed, remember } = confirmGone(gone, this.#before);
    this.#before = remember;
    for (const lease of confirmed) await this.#drop(lease);
  }

  async #drop(lease: Lease): Promise<void> {
    try {
      await this.#deps.cni.del(refOf(lease));
      this.#deps.onDetached(lease);
      this.#deps.failures.clear(lease.netnsPath);
    } catch (error) {
      this.#deps.failures.note(lease.netnsPath, lease.attachment.name, error);
    }
  }
}

function look(lease: Lease, links: ReadonlySet<string>): Sight {
  // The path of any other namespace proves nothing, so 200 idle containers are not opened one by one.
  const inode = lease.attachment.engine === 'attach' ? inodeAt(lease.netnsPath) : undefined;
  return { inode, hostLink: lease.hostVeth === null ? undefined : links.has(lease.hostVeth) };
}

/** Names of the host's devices, from the thread's own view: below /sys they would be those of whoever mounted it. */
function hostLinks(): Set<string> {
  const lines = readFileSync('/proc/thread-self/net/dev', 'utf8').split('\n').slice(2);
  return new Set(lines.map((line) => line.slice(0, line.lastIndexOf(':')).trim()));
}
