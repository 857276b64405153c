// Attaches network namespaces that no engine knows, by their path. The namespace itself is the identity, not its path: it is
// attached once however it is named, and its id is the same until it is deleted.
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { Cni, Lease } from '../../../cni-plugins/library.ts';
import { isHomeNetns, type Netns, openNetns } from '../../shared/effects/netns.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import { isAttachmentName, type ManualWish } from './attach-request.ts';
import { inodeAt } from './container-netns.ts';
import { wantPorts } from './container-ports.ts';
import { refFor, refOf } from './describe.ts';
import { KeyedQueue } from './keyed-queue.ts';
import type { LeaseBook } from './lease-book.ts';
import type { NameSettings } from './names.ts';
import { wantSearch } from './search-domains.ts';

export interface NamespaceDeps {
  readonly cni: Pick<Cni, 'add' | 'del' | 'check'>;
  readonly book: LeaseBook;
  readonly bootId: string;
  readonly names: NameSettings;
  readonly onAttached: (lease: Lease, seconds: number) => void;
  readonly onDetached: (lease: Lease) => void;
}

export class NamespaceAttacher {
  readonly #deps: NamespaceDeps;
  readonly #queue = new KeyedQueue({ look: () => Promise.resolve(), maxKeys: 256 });

  constructor(deps: NamespaceDeps) {
    this.#deps = deps;
  }

  /** Attaches the namespace; one that is attached to this network already stays as it is. */
  async attach(path: string, wish: ManualWish): Promise<Lease> {
    const netns = openNetns(path);
    try {
      if (isHomeNetns(netns)) {
        throw new SuiteError('NETNS_IS_HOST', `attach ${path}: it is the host's own namespace`, {
          hint: 'name the namespace of a container',
        });
      }
      const containerId = this.#idOf(netns);
      return await this.#queue.exclusive(containerId, () => this.#bring(netns, containerId, path, wish));
    } finally {
      netns.close();
    }
  }

  /** Takes down what is attached at the path, whether the namespace still exists or not. */
  async detach(path: string): Promise<Lease[]> {
    const leases = this.#leasesAt(path);
    for (const lease of leases) {
      await this.#queue.exclusive(lease.containerId, () => this.#drop(lease));
    }
    return leases;
  }

  stop(): Promise<void> {
    return this.#queue.close();
  }

  async #bring(netns: Netns, containerId: string, path: string, wish: ManualWish): Promise<Lease> {
    for (const lease of this.#deps.book.all()) {
      if (lease.phase !== 'done' || lease.netnsInode !== netns.inode) continue;
      if (await this.#isIntact(lease, path)) return sameNetwork(lease, wish.network, path);
      // The number of a deleted namespace came back, or its link was removed by hand.
      if (lease.attachment.engine === 'attach') await this.#drop(lease);
    }
    const began = performance.now();
    const { nameserver, zone } = this.#deps.names;
    const { ports } = wantPorts([], wish.labels);
    const dnsSearch = wantSearch(wish.labels, [], zone).domains;
    const { lease } = await this.#deps.cni.add(
      refFor({
        containerId,
        netnsPath: path,
        network: wish.network,
        name: wish.name ?? nameOf(path, containerId),
        externalId: null,
        engine: 'attach',
        labels: wish.labels,
        ports: [...new Set([...ports, ...wish.ports])],
        hostname: null,
        facts: {
          engineSocket: '',
          startedAt: '',
          createdAt: 0,
          startCount: 1,
          dns: [nameserver],
          dnsSearch,
          links: {},
          named: true,
        },
      }),
    );
    this.#deps.onAttached(lease, (performance.now() - began) / 1000);
    return lease;
  }

  async #isIntact(lease: Lease, path: string): Promise<boolean> {
    try {
      await this.#deps.cni.check(refOf(lease, path));
      return true;
    } catch {
      return false;
    }
  }

  async #drop(lease: Lease): Promise<void> {
    await this.#deps.cni.del(refOf(lease));
    this.#deps.onDetached(lease);
  }

  /** By the namespace that is there now, else by the path that was told when it was attached. */
  #leasesAt(path: string): Lease[] {
    const bare = this.#deps.book.all().filter((lease) => lease.attachment.engine === 'attach');
    const inode = inodeAt(path);
    const living = bare.filter((lease) => inode !== undefined && lease.netnsInode === inode);
    return living.length > 0 ? living : bare.filter((lease) => lease.netnsPath === path);
  }

  /** The form of an engine's id, so that the rules for device names hold. */
  #idOf(netns: Netns): string {
    return createHash('sha256').update(`${this.#deps.bootId}/${netns.inode}`).digest('hex');
  }
}

function sameNetwork(lease: Lease, network: string, path: string): Lease {
  if (lease.network === network) return lease;
  throw new SuiteError('ATTACHMENT_EXISTS', `attach ${path} to ${network}: it is attached to ${lease.network}`, {
    hint: 'detach it first',
  });
}

/** `x` for /run/netns/x. */
function nameOf(path: string, containerId: string): string {
  const name = basename(path);
  return !path.startsWith('/proc/') && isAttachmentName(name) ? name : `netns-${containerId.slice(0, 12)}`;
}
