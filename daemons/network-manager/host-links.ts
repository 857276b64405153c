// The host's devices, listed anew only when the kernel said that one changed: two hundred containers have two hundred links,
// and several keepers look at them every few seconds.
import type { Link, Netlink } from '../shared/effects/netlink.ts';

/** Although nothing was said, so that a lost notice costs time alone. */
const farthestLookMs = 60_000;

export class HostLinks {
  readonly #netlink: Pick<Netlink, 'listLinks'>;
  readonly #hasNotices: () => boolean;
  #links: readonly Link[] | undefined;
  #isDoubtful = false;
  #readAt = Number.NEGATIVE_INFINITY;

  /** @param hasNotices whether `doubt` is called when a device changes; without it every look asks the kernel */
  constructor(netlink: Pick<Netlink, 'listLinks'>, hasNotices: () => boolean) {
    this.#netlink = netlink;
    this.#hasNotices = hasNotices;
  }

  /** A device came, went or changed: the next look asks the kernel. */
  doubt(): void {
    this.#isDoubtful = true;
  }

  /** All devices of the namespace, at most a notice's delay (250 ms) old. @throws SuiteError NETLINK_*. */
  async list(): Promise<readonly Link[]> {
    const now = performance.now();
    if (this.#links && !this.#isDoubtful && this.#hasNotices() && now - this.#readAt < farthestLookMs) {
      return this.#links;
    }
    // Before the listing: what changes meanwhile is doubted again.
    this.#isDoubtful = false;
    try {
      this.#links = await this.#netlink.listLinks();
    } catch (error) {
      this.#isDoubtful = true;
      throw error;
    }
    this.#readAt = now;
    return this.#links;
  }
}
