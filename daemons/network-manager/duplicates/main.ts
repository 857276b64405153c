// Notices that somebody on a bridge uses an address of ours: a container that took another's, a device that was plugged in.
// Whoever uses an address says so by ARP, which the bridge hears; whoever is silent is asked (probe-round.ts). The older claim,
// the lease, wins: its owner is announced. See README.md.
import { aliasPrefix } from '../../../cni-plugins/bridge/names.ts';
import type { Lease } from '../../../cni-plugins/library.ts';
import type { DaemonContext } from '../../shared/daemon/life.ts';
import { type ArpSocket, openArp } from '../../shared/effects/libc-arp.ts';
import type { Link, Netlink } from '../../shared/effects/netlink.ts';
import type { Ipv4 } from '../../shared/model/ipv4.ts';
import type { Mac } from '../../shared/model/mac.ts';
import { renderAnnouncement, renderProbe, senderOf, targetOf } from './arp-message.ts';
import { Claims, type Duplicate, describeDuplicate } from './claims.ts';
import { ProbeRound } from './probe-round.ts';
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
const mostMessages = 256;
const mostNamed = 5;
const failuresToTell = 10;
const condition = 'duplicates';

/** What belongs to one bridge. */
interface Ear {
  readonly index: number;
  readonly mac: Mac;
  readonly socket: ArpSocket;
  readonly round: ProbeRound;
  /** Addresses that others asked for since the last pass. */
  readonly wanted: Set<Ipv4>;
  hasStrangers: boolean;
}

export class DuplicatesKeeper {
  readonly #options: DuplicatesOptions;
  readonly #ears = new Map<string, Ear>();
  readonly #sightings = new Sightings();
  #claims = new Claims([]);
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
    this.#timer = setInterval(() => void this.#pass(), everyMs).unref();
  }

  close(): void {
    clearInterval(this.#timer);
    for (const { socket } of this.#ears.values()) socket.close();
    this.#ears.clear();
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
      const heardNews = [...this.#ears].map(([bridge, ear]) => this.#hear(bridge, ear, now)).includes(true);
      // Known claims may be seconds old, and an address may have another owner by now.
      if (heardNews) this.#claims = new Claims(this.#options.leases());
      const claims = this.#claims;
      const heard = this.#sightings.current(now, ({ claim, rival }) => claims.judge(claim.bridge, claim.ip, rival));
      for (const { claim } of this.#sightings.toDefend(now)) this.#speak(claim.bridge, [renderAnnouncement(claim)]);
      for (const [bridge, { round, wanted, hasStrangers, mac }] of this.#ears) {
        const addresses = claims.on(bridge).map(({ ip }) => ip);
        const asked = round.take(addresses, wanted, hasStrangers, now);
        wanted.clear();
        this.#speak(
          bridge,
          asked.map((ip) => renderProbe(mac, ip)),
        );
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
      const hasStrangers = links.some((port) => port.master === index && isStranger(port));
      const known = this.#ears.get(bridge);
      if (known) known.hasStrangers = hasStrangers;
      else {
        const ear = { index, mac, socket: openArp(index), round: new ProbeRound(), wanted: new Set<Ipv4>() };
        this.#ears.set(bridge, { ...ear, hasStrangers });
      }
    }
  }

  /** True if a duplicate was heard. */
  #hear(bridge: string, { socket, mac, wanted }: Ear, now: number): boolean {
    let heard = false;
    try {
      for (let count = 0; count < mostMessages; count += 1) {
        const message = socket.receive();
        if (!message) break;
        const sender = senderOf(message);
        const duplicate = sender && this.#claims.judge(bridge, sender.ip, sender.mac);
        if (duplicate) this.#sightings.note(duplicate, now);
        heard ||= duplicate !== undefined;
        const target = sender && sender.mac !== mac ? targetOf(message) : undefined;
        if (target !== undefined && wanted.size < mostMessages) wanted.add(target);
      }
    } catch {
      this.#deafen(bridge); // the device is gone, or down; a later look opens it again
    }
    return heard;
  }

  #speak(bridge: string, messages: readonly Uint8Array[]): void {
    try {
      for (const message of messages) this.#ears.get(bridge)?.socket.broadcast(message);
    } catch {
      this.#deafen(bridge);
    }
  }

  #deafen(bridge: string): void {
    this.#ears.get(bridge)?.socket.close();
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
