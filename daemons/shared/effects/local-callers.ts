// Keeps the rules of model/local-callers.ts in step with the host's devices. Read again now and then, on request (an address
// event), and when an unknown source asks: its bridge may be a second old.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ip } from '../model/ip.ts';
import { parseIpv6 } from '../model/ipv6.ts';
import {
  type CallerRules,
  callerRules,
  type DeviceAddress,
  isLocalCaller,
  noCallers,
  sameRules,
} from '../model/local-callers.ts';
import type { Address } from './netlink/addresses.ts';
import type { Link } from './netlink/links.ts';

/** The part of netlink that is needed here. */
export interface AddressReads {
  listAddresses(): Promise<Pick<Address, 'index' | 'address' | 'prefix'>[]>;
  getLink(index: number): Promise<Pick<Link, 'name'> | undefined>;
}

export interface LocalCallersOptions {
  readonly netlink: AddressReads;
  /** Told of each new set of rules, for threads that keep a copy. */
  readonly onChange?: (rules: CallerRules) => void;
  /** Told when the devices cannot be read; the last rules stay. */
  readonly onFault?: (error: unknown) => void;
  readonly everyMs?: number;
}

/** An unknown source makes the devices be read again at most this often. */
const shortestPauseMs = 200;

export class LocalCallers {
  readonly #options: LocalCallersOptions;
  #rules = noCallers;
  #containers: { has(address: Ip): boolean } = new Set<Ip>();
  #reading: Promise<void> | undefined;
  #look: Promise<void> | undefined;
  #readAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LocalCallersOptions) {
    this.#options = options;
  }

  get rules(): CallerRules {
    return this.#rules;
  }

  /** Reads the devices once and then for ever; resolves after the first reading. */
  async start(): Promise<void> {
    await this.refresh();
    this.#timer = setInterval(() => void this.refresh(), this.#options.everyMs ?? 5_000).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Addresses of local containers of the snapshot; the set may change under our hands. */
  useContainers(addresses: { has(address: Ip): boolean }): void {
    this.#containers = addresses;
  }

  allows(source: Ip): boolean {
    return isLocalCaller(this.#rules, source) || this.#containers.has(source);
  }

  /** As `allows`, but looks at the devices once more before it says no; strangers share the look, a few a second at most. */
  async allowsAfterLook(source: Ip): Promise<boolean> {
    if (this.allows(source)) return true;
    this.#look ??= this.#lookAgain();
    await this.#look;
    return this.allows(source);
  }

  /** Reads the devices now; calls that come meanwhile share the reading. Never rejects. */
  refresh(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #lookAgain(): Promise<void> {
    await sleep(Math.max(0, this.#readAt + shortestPauseMs - performance.now()));
    // A reading that is under way may have begun before the caller's bridge had its address.
    await this.#reading;
    this.#look = undefined;
    await this.refresh();
  }

  async #read(): Promise<void> {
    this.#readAt = performance.now();
    try {
      const rules = callerRules(await readDeviceAddresses(this.#options.netlink));
      if (sameRules(rules, this.#rules)) return;
      this.#rules = rules;
      this.#options.onChange?.(rules);
    } catch (error) {
      this.#options.onFault?.(error);
    }
  }
}

/** The addresses of all devices, with the devices' names. */
export async function readDeviceAddresses(netlink: AddressReads): Promise<DeviceAddress[]> {
  const addresses = await netlink.listAddresses();
  const indexes = [...new Set(addresses.map(({ index }) => index))];
  const names = new Map(
    await Promise.all(indexes.map(async (index) => [index, (await netlink.getLink(index))?.name] as const)),
  );
  return addresses.flatMap(({ index, address, prefix }) => {
    const device = names.get(index);
    const known = typeof address === 'number' ? address : parseIpv6(address);
    return device === undefined || known === undefined ? [] : [{ device, address: known, prefix }];
  });
}
