// Opens the UDP side: hot workers where they are wanted and possible, Node's own socket otherwise.
import type { Logger } from '../../shared/daemon/log.ts';
import { hasCode } from '../../shared/model/errors.ts';
import { type Listener, type ServeOptions, serveUdp } from '../serve-udp.ts';
import type { HotPath } from './serve-hot.ts';

export interface UdpOptions {
  readonly workers: number;
  readonly hot: Pick<HotPath, 'listen'>;
  readonly log: Pick<Logger, 'warn' | 'info'>;
}

export async function openUdp(serve: ServeOptions, { workers, hot, log }: UdpOptions): Promise<Listener> {
  if (workers === 0) return serveUdp(serve);
  try {
    return hot.listen(serve);
  } catch (error) {
    if (hasCode(error, 'PORT_TAKEN')) throw error;
    const listener = await serveUdp(serve);
    log.warn({ event: 'dns.hot.missing', error }, 'no batched datagrams on this machine; answering one at a time');
    return listener;
  }
}
