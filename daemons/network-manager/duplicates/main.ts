// Notices that somebody on a bridge uses an address of ours: a container that took another's, a device that was plugged in.
// Whoever uses an address says so by ARP, which the bridge hears; whoever is silent is asked (probe-round.ts). The older claim,
// the lease, wins: its owner is announced. See README.md.
import { aliasPrefix } from '../../../cni-plugins/bridge/names.ts';
import type { Lease } from '../../../cni-plugins/library.ts';
import type { DaemonContext } from '../../shared/daemon/life.ts';
import { type AddressNotices, openAddressNotices } from '../../shared/effects/address-notices.ts';
import type { Link, Netlink } from '../../shared/effects/netlink.ts';
import type { Ipv4 } from '../../shared/model/ipv4.ts';
import { Claims, type Duplicate, describeDuplicate } from './claims.ts';
import { Ear } from './ear.ts';
import { Sightings } from './sightings.ts';

export interface DuplicatesOptions {
  readonly context: Pick<DaemonContext, 'health' | 'log' | 'metrics'>;
  readonly host: {
    readonly netlink: Pick<Netlink, 'listFdb'>;
    readonly links: { list(): Promise<readonly Link[]> };
  };
  readonly leases: () => readonly Lease[];
}

const everyMs = 1_000;
/** Ears, devices and leases are compared each so many passes. */
const passesBetweenLooks = 4;
/** The owner himself takes his address when he is attached. */
const settledMs = 5_000;
const mostNamed = 5;
const failuresToTell = 10;
const condition = 'duplicates';

export class DuplicatesKeeper {
  readonly #options: DuplicatesOptions;
  readonly #ears = new Map<string, Ear>();
  readonly #sightings = new Sightings();
  #claims = new Claims([]);
  #notices: AddressNotices | undefined;
  #timer: NodeJS.Timeout | undefined;
  #passes = 0;
  #busy = false;
  #failures = 0;
  #told = '';
  #count = 0;

  constructor(options: DuplicatesOptions) {
    this.#options = options;
    const help = 'addresses that somebody uses besides their owner';
    options.context.metrics.gauge('corral_duplicate_addresses', help, () => this.#count);
  }

  start(): void {
    this.#openNotices();
    this.#timer = setInterval(() => void this.#pass(), everyMs).unref();
  }

  close(): void {
    clearInterval(this.#timer);
    for (const bridge of [...this.#ears.keys()]) this.#deafen(bridge);
    this.#notices?.close();
  }

  async #pass(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      const now = performance.now();
      if (this.#passes % passesBetweenLooks === 0) {
        this.#claims = new Claims(this.#options.leases());
        await this.#look();
      }
      this.#passes += 1;
      this.#noteTaken();
      const heardNews = [...this.#ears.keys()].map((bridge) => this.#hear(bridge, now)).includes(true);
      // Known claims may be seconds old, and an address may have another owner by now.
      if (heardNews) this.#claims = new Claims(this.#options.leases());
      const claims = this.#claims;
      const heard = this.#sightings.current(now, ({ claim, rival }) => claims.judge(claim.bridge, claim.ip, rival));
      for (const { claim } of this.#sightings.toDefend(now)) this.#try(claim.bridge, (ear) => ear.announce(claim));
      for (const bridge of [...this.#ears.keys()]) {
        const addresses = claims.on(bridge).map(({ ip }) => ip);
        this.#try(bridge, (ear) => ear.ask(addresses, now));
      }
      await this.#tell([...claims.doubles, ...heard]);
      this.#failures = 0;
    } catch (error) {
      // A list that changes while it is read is what hundreds of starting containers make for a moment.
      const { log } = this.#options.context;
      this.#failures += 1;
      if (this.#failures === failuresToTell)
        log.warn({ event: 'duplicates.failed', error }, 'cannot look for duplicate addresses now');
    } finally {
      this.#busy = false;
    }
  }

  /** Opens an ear at each bridge that has containers, and looks whether strangers are plugged in. */
  async #look(): Promise<void> {
    const bridges = new Set(this.#options.leases().flatMap(({ bridge }) => bridge ?? []));
    const links = bridges.size === 0 ? [] : await this.#options.host.links.list();
    const present = new Map(links.filter(({ name }) => bridges.has(name)).map((link) => [link.name, link]));
    for (const [bridge, ear] of this.#ears) if (present.get(bridge)?.index !== ear.index) this.#deafen(bridge);
    for (const [bridge, { index, mac }] of present) {
      if (mac === undefined) continue;
      if (!this.#ears.has(bridge)) this.#ears.set(bridge, new Ear({ index, mac }));
      const strangers = links.filter((port) => port.master === index && isStranger(port));
      this.#try(bridge, (ear) => ear.setStrangers(new Set(strangers.map((port) => port.index))));
    }
  }

  #openNotices(): void {
    try {
      this.#notices = openAddressNotices();
    } catch (error) {
      this.#goDeaf(error);
    }
  }

  #goDeaf(error: unknown): void {
    this.#notices?.close();
    this.#notices = undefined;
    const text = 'cannot hear what containers do to their addresses; asks more often';
    this.#options.context.log.warn({ event: 'duplicates.deaf', error }, text);
  }

  /** Who takes an address says so to nobody, but the kernel tells. */
  #noteTaken(): void {
    let taken: ReadonlySet<Ipv4> | undefined;
    try {
      taken = this.#notices?.take();
    } catch (error) {
      this.#goDeaf(error);
    }
    for (const [bridge, ear] of this.#ears) {
      if (!taken) ear.hurry();
      for (const ip of taken ?? []) {
        const claim = this.#claims.of(bridge, ip);
        if (claim && Math.abs(Date.now() - claim.since) > settledMs) ear.noteTaken(ip);
      }
    }
  }

  /** True if a duplicate was heard. */
  #hear(bridge: string, now: number): boolean {
    let heard = false;
    this.#try(bridge, (ear) =>
      ear.hear(({ ip, mac }) => {
        const duplicate = this.#claims.judge(bridge, ip, mac);
        if (duplicate) this.#sightings.note(duplicate, now);
        heard ||= duplicate !== undefined;
      }),
    );
    return heard;
  }

  #try(bridge: string, work: (ear: Ear) => void): void {
    const ear = this.#ears.get(bridge);
    if (!ear) return;
    try {
      work(ear);
    } catch {
      this.#deafen(bridge); // the device is gone, or down; a later look opens it again
    }
  }

  #deafen(bridge: string): void {
    this.#ears.get(bridge)?.close();
    this.#ears.delete(bridge);
  }

  async #tell(duplicates: readonly Duplicate[]): Promise<void> {
    const { health, log } = this.#options.context;
    const keys = duplicates.map(({ claim, rival }) => `${claim.bridge} ${claim.ip} ${rival}`).sort();
    if (this.#told === keys.join() && this.#passes > 1) return;
    this.#told = keys.join();
    this.#count = duplicates.length;
    const texts = await Promise.all(duplicates.slice(0, mostNamed).map((one) => this.#describe(one)));
    const more = duplicates.length > mostNamed ? [`${duplicates.length - mostNamed} more`] : [];
    const text = [...texts, ...more].join('; ');
    const ok = duplicates.length === 0;
    const hint = ok ? undefined : 'take the address from whoever uses it without a lease';
    const state = { ok, degradesOnly: true, text: text || 'every address has one user', hint };
    const changed = health.set(condition, ok ? state : { ...state, code: 'ADDRESS_TAKEN' });
    if (!changed) return;
    if (!ok) log.warn({ event: 'address.duplicate', duplicates: texts }, text);
    else if (this.#passes > 1) log.info({ event: 'address.unique' }, 'every address has one user again');
  }

  async #describe(duplicate: Duplicate): Promise<string> {
    const { netlink, links } = this.#options.host;
    const bridge = this.#ears.get(duplicate.claim.bridge)?.index;
    if (bridge === undefined || duplicate.rivalName !== undefined) return describeDuplicate(duplicate, undefined);
    const entry = (await netlink.listFdb({ bridge })).find(({ mac }) => mac === duplicate.rival);
    const port = entry && (await links.list()).find(({ index }) => index === entry.index);
    return describeDuplicate(duplicate, port?.name);
  }
}

/** A port that no attachment made. */
function isStranger(port: Link): boolean {
  return !port.alias?.startsWith(aliasPrefix);
}
