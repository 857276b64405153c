// Keeps what is reported of containers without an interface of their own (guests.ts) in step with the engine and the leases.
import type { Lease } from '../../../cni-plugins/library.ts';
import type { DockerContainer, ListedContainer } from '../../shared/effects/docker.ts';
import { inodeAt } from './container-netns.ts';
import { netnsPathOf } from './describe.ts';
import { homeOf } from './guests.ts';
import type { LeaseBook } from './lease-book.ts';
import type { Reporter } from './reporter.ts';

export interface GuestBookDeps {
  readonly book: LeaseBook;
  readonly reporter: Reporter;
}

export class GuestBook {
  readonly #deps: GuestBookDeps;
  /** Containers in another one's namespace, and whose. */
  readonly #targets = new Map<string, string>();

  constructor(deps: GuestBookDeps) {
    this.#deps = deps;
  }

  /** True also where the list does not tell: then only an inspection does. */
  mayBeGuest({ networkMode, labels }: ListedContainer): boolean {
    return networkMode === '' || homeOf(networkMode, labels) !== undefined;
  }

  /** A guest is its parent's while it lives in the namespace that is attached: no longer after the parent's restart. */
  look(id: string, container: DockerContainer | undefined): void {
    const { book, reporter } = this.#deps;
    const home = container?.running ? homeOf(container.networkMode, container.labels) : undefined;
    if (home?.kind === 'container') this.#targets.set(id, home.target);
    else this.#targets.delete(id);
    if (!container || !home) reporter.guest(id, undefined);
    else if (home.kind === 'host') reporter.guest(id, { container, parent: null });
    else {
      const inode = inodeAt(netnsPathOf(container.pid));
      const parent = book.all().find((lease) => isMeant(home.target, lease) && lease.netnsInode === inode);
      reporter.guest(id, parent && { container, parent: parent.containerId });
    }
  }

  all(): Iterable<string> {
    return this.#targets.keys();
  }

  /** Those who live with the container of a lease. */
  of(lease: Lease): string[] {
    return [...this.#targets].filter(([, target]) => isMeant(target, lease)).map(([id]) => id);
  }
}

/** Engines store the parent's id; a name is taken too. */
function isMeant(target: string, lease: Lease): boolean {
  return lease.phase === 'done' && (lease.containerId === target || lease.attachment.name === target);
}
