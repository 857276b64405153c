// One UDP socket for the probes of a network, bound to this host's address inside it.
import { createSocket, type Socket } from 'node:dgram';

export interface ProbeSocket {
  /** A packet that cannot be sent is a lost one: the next question tells. */
  send(message: Buffer, to: string): void;
  close(): void;
}

export interface ProbeSocketOptions {
  readonly from: string;
  readonly port: number;
  readonly onMessage: (message: Buffer, from: string) => void;
  /** The socket could not be bound, or failed. */
  readonly onFailed: (error: NodeJS.ErrnoException) => void;
}

const receiveBuffer = 1 << 20;

export function openProbeSocket({ from, port, onMessage, onFailed }: ProbeSocketOptions): ProbeSocket {
  // Addresses are never names: Node's own look-up would cost a turn of the loop for each packet.
  const socket: Socket = createSocket({ type: 'udp4', lookup: (name, _, done) => done(null, name, 4) });
  let isOpen = true;
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    socket.close();
  };
  socket.on('message', (message, source) => {
    if (source.port === port) onMessage(message, source.address);
  });
  socket.on('error', (error) => {
    if (!isOpen) return;
    close();
    onFailed(error);
  });
  socket.bind({ address: from, port, exclusive: true }, () => {
    socket.unref();
    try {
      socket.setRecvBufferSize(receiveBuffer);
    } catch {
      // The usual size will do.
    }
  });
  return {
    send: (message, to) => {
      if (isOpen) socket.send(message, port, to, () => undefined);
    },
    close,
  };
}
