// The same service at its IPv6 address, on hosts that have part in a network with IPv6: one more entrance, whose connections the
// one server takes.
import { createServer, type Server as Door } from 'node:net';
import { ensureServiceAddress } from '../shared/effects/service-address.ts';
import { SuiteError } from '../shared/model/errors.ts';
import { parseIp } from '../shared/model/ip.ts';
import { serviceAddress6 } from '../shared/model/networks.ts';
import type { ListenOptions } from './keep-listening.ts';

const condition = 'http6';

export class Ipv6Door {
  readonly #options: ListenOptions;
  #door: Door | undefined;

  constructor(options: ListenOptions) {
    this.#options = options;
  }

  /** Never rejects: a host whose IPv6 is amiss serves IPv4 all the same. */
  async keep(): Promise<void> {
    const { hasIpv6, netlink, on, health, log, onAddress } = this.#options;
    if (!hasIpv6()) return this.close();
    const where = `[${serviceAddress6}]:${on.port}`;
    try {
      if (await ensureServiceAddress(netlink, parseIp(serviceAddress6)!)) {
        log.info({ event: 'address.added', address: serviceAddress6 }, 'service address put on lo');
        await onAddress();
      }
      this.#door ??= await this.#open(where);
      health.set(condition, { ok: true, text: `listening on ${where}`, degradesOnly: true });
    } catch (error) {
      const code = error instanceof SuiteError ? error.code : 'INTERNAL';
      const text = (error as Error).message;
      if (health.set(condition, { ok: false, code, text, degradesOnly: true })) {
        log.warn({ event: 'http6.unavailable', error }, 'cannot serve metadata over IPv6, trying again');
      }
    }
  }

  close(): void {
    this.#door?.close();
    this.#door = undefined;
    this.#options.health.drop(condition);
  }

  async #open(where: string): Promise<Door> {
    const { server, on, log } = this.#options;
    const door = createServer((socket) => void server.emit('connection', socket));
    door.maxConnections = server.maxConnections;
    await new Promise<void>((resolve, reject) => {
      door.once('error', (cause: NodeJS.ErrnoException) => {
        const code = cause.code === 'EADDRINUSE' ? 'PORT_TAKEN' : 'INTERNAL';
        reject(new SuiteError(code, `listen on ${where}: ${cause.code ?? cause.message}`, { cause }));
      });
      door.listen({ host: serviceAddress6, port: on.port, exclusive: true }, resolve);
    });
    door.on('error', () => this.close());
    log.info({ event: 'http.listening', where }, 'metadata service listening over IPv6');
    return door;
  }
}
