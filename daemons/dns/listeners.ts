// Keeps one service address on the host and both listeners open on it. A taken port or a refused address is told and tried
// again for ever; an address that somebody removed comes back, and the bound sockets never notice.
import { ensureServiceAddress, type ServiceAddressVerbs } from '../shared/effects/service-address.ts';
import { SuiteError } from '../shared/model/errors.ts';
import { parseIp } from '../shared/model/ip.ts';
import { Loop } from '../shared/reconcile/loop.ts';
import { serveTcp } from './serve-tcp.ts';
import type { Listener, ServeOptions } from './serve-udp.ts';

export interface ListenersOptions {
  readonly netlink: ServiceAddressVerbs;
  readonly serve: Omit<ServeOptions, 'onBroken'>;
  readonly openUdp: (options: ServeOptions) => Promise<Listener>;
  /** The address was put on the host just now; awaited before anybody can be answered. */
  readonly onAddress: () => Promise<void>;
  /** After each pass; undefined: both listen. */
  readonly onState: (fault: SuiteError | undefined) => void;
}

const everyMs = 5_000;

export class Listeners {
  readonly #options: ListenersOptions;
  readonly #loop: Loop;
  #udp: Listener | undefined;
  #tcp: Listener | undefined;

  constructor(options: ListenersOptions) {
    this.#options = options;
    const failed = (error: unknown): void => options.onState(asFault(error));
    this.#loop = new Loop({ pass: () => this.#pass(), failed, everyMs });
  }

  start(): void {
    this.#loop.poke();
  }

  async close(): Promise<void> {
    await this.#loop.close();
    await Promise.all([this.#udp?.close(), this.#tcp?.close()]);
  }

  async #pass(): Promise<void> {
    const { netlink, serve, openUdp, onAddress } = this.#options;
    const address = parseIp(serve.address);
    if (address === undefined) throw new SuiteError('INTERNAL', `listen on ${serve.address}`);
    if (await ensureServiceAddress(netlink, address)) await onAddress();
    this.#udp ??= await openUdp({ ...serve, onBroken: (error) => this.#broken('udp', error) });
    this.#tcp ??= await serveTcp({ ...serve, onBroken: (error) => this.#broken('tcp', error) });
    this.#options.onState(undefined);
  }

  #broken(which: 'udp' | 'tcp', error: Error): void {
    if (which === 'udp') this.#udp = undefined;
    else {
      void this.#tcp?.close();
      this.#tcp = undefined;
    }
    this.#options.onState(new SuiteError('INTERNAL', `keep the ${which} listener: ${error.message}`, { cause: error }));
    this.#loop.poke();
  }
}

function asFault(error: unknown): SuiteError {
  if (error instanceof SuiteError) return error;
  return new SuiteError('INTERNAL', `listen for questions: ${String(error)}`, { cause: error });
}
