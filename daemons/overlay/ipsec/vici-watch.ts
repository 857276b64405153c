// A connection of its own for what charon tells without being asked. Its end tells that charon has ended.
import { connect } from 'node:net';
import { fittingSocketPath } from '../../shared/effects/socket-path.ts';
import { decodePacket, encodePacket, PacketReader, type ViciSection } from './vici-codec.ts';

export interface ViciWatch {
  close(): void;
}

/** @param onEnd called once, with nothing else after it; not after `close` */
export function watchVici(
  socketPath: string,
  events: readonly string[],
  onEvent: (name: string, message: ViciSection) => void,
  onEnd: () => void,
): ViciWatch {
  const reader = new PacketReader();
  const socket = connect(fittingSocketPath(socketPath));
  let over = false;
  const end = (tell: boolean): void => {
    if (over) return;
    over = true;
    socket.destroy();
    if (tell) onEnd();
  };
  socket.unref();
  socket.on('connect', () => {
    for (const event of events) socket.write(encodePacket('register', event));
  });
  socket.on('data', (chunk) => {
    try {
      for (const body of reader.push(chunk)) {
        const { type, name, message } = decodePacket(body);
        if (type === 'event' && !over) onEvent(name, message);
      }
    } catch {
      end(true);
    }
  });
  socket.on('error', () => end(true));
  socket.on('close', () => end(true));
  return { close: () => end(false) };
}
