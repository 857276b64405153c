// A socket for requests whose answers are taken at once. rtnetlink works inside the send: when it returns, the answers wait
// in the socket. The package's socket learns of them from the event loop, two polls and five system calls later; this one
// reads them before it returns, which makes a request three times as cheap and lets nothing else come in between. A long
// list is read in one stretch too, so it is for callers who ask for single things.
import { closeSync } from 'node:fs';
import { openNetlinkSocket, receiveNow, sendNow, setReceiveBuffer } from '../libc.ts';
import type { KernelSocket } from './transport.ts';

/** As large as the kernel makes the datagrams of a list. */
const buffer = Buffer.alloc(64 * 1024);

type Listeners = { message?: (bytes: Buffer, from: { port: number }) => void; error?: (cause: Error) => void };

/** Opens the socket in the current namespace of the thread. */
export function openDirectSocket(protocol: number): KernelSocket {
  const fd = openNetlinkSocket(protocol, 0, { blocking: false });
  const listeners: Listeners = {};
  let open = true;
  const receive = (): void => {
    for (let length = receiveNow(fd, buffer); length > 0 && open; length = receiveNow(fd, buffer)) {
      // Copied: whoever asked reads it after the next answer has come.
      listeners.message?.(Buffer.from(buffer.subarray(0, length)), { port: 0 });
      if (!open) return;
    }
  };
  return {
    on(event: string, listener: never) {
      Object.assign(listeners, { [event]: listener });
      return undefined as never;
    },
    send(bytes, _options, done) {
      try {
        sendNow(fd, bytes as Uint8Array);
      } catch (cause) {
        done?.(cause as never);
        return;
      }
      try {
        receive();
      } catch (cause) {
        listeners.error?.(cause as Error);
      }
    },
    setRecvBufferSize: (bytes) => setReceiveBuffer(fd, bytes),
    ref: () => undefined,
    unref: () => undefined,
    close() {
      if (open) closeSync(fd);
      open = false;
    },
  };
}
