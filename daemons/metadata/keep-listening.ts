// Keeps the service reachable: its address on `lo`, its port open. Looks again every few seconds and writes nothing when
// nothing is amiss; a port that another program holds is named, and tried again for ever.
import type { Config } from '../shared/daemon/config.ts';
import type { Health } from '../shared/daemon/health.ts';
import { closeServer, listen, type Server } from '../shared/daemon/http.ts';
import type { Logger } from '../shared/daemon/log.ts';
import { ensureServiceAddress, type ServiceAddressVerbs } from '../shared/effects/service-address.ts';
import { SuiteError } from '../shared/model/errors.ts';
import { parseIpv4 } from '../shared/model/ipv4.ts';
import { Loop } from '../shared/reconcile/loop.ts';
import { Ipv6Door } from './ipv6-door.ts';

const everyMs = 5_000;

export interface ListenOptions {
  readonly server: Server;
  readonly netlink: ServiceAddressVerbs;
  readonly on: Config['metadata'];
  /** Told after the address was added, before anybody can connect to it. */
  readonly onAddress: () => Promise<void>;
  /** A network has IPv6: containers may ask over it. */
  readonly hasIpv6: () => boolean;
  readonly health: Health;
  readonly log: Logger;
}

export interface Listening {
  /** Look again soon, as after a change of the host's addresses. */
  poke(): void;
  close(): Promise<void>;
}

export async function keepListening(options: ListenOptions): Promise<Listening> {
  const { server, netlink, on, health, log } = options;
  const where = `${on.address}:${on.port}`;
  const door = new Ipv6Door(options);
  const pass = async (): Promise<void> => {
    if (await ensureServiceAddress(netlink, parseIpv4(on.address)!)) {
      log.info({ event: 'address.added', address: on.address }, 'service address put on lo');
      await options.onAddress();
    }
    if (!server.listening) {
      await listen(server, { host: on.address, port: on.port });
      log.info({ event: 'http.listening', where }, 'metadata service listening');
    }
    health.set('http', { ok: true, text: `listening on ${where}` });
    await door.keep();
  };
  const failed = (error: unknown): void => {
    const known = error instanceof SuiteError ? error : undefined;
    const text = `${(error as Error).message}${known?.hint ? `. ${known.hint}` : ''}`;
    if (health.set('http', { ok: false, code: known?.code ?? 'INTERNAL', text })) {
      log.error({ event: 'http.unavailable', error }, 'cannot serve metadata, trying again');
    }
  };
  await pass().catch(failed);
  const loop = new Loop({ pass, failed, everyMs, quietMs: 100 });
  loop.poke();
  return {
    poke: () => loop.poke(),
    async close() {
      await loop.close();
      door.close();
      await closeServer(server);
    },
  };
}
