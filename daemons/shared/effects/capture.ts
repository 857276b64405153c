// Raw frames of a device, through the optional package `cap` and libpcap. The only importer of it; where it was not installed,
// or the device is gone, whoever asks is told so and does without.
import { createRequire } from 'node:module';
import { SuiteError } from '../model/errors.ts';

export interface Capture {
  /** @throws SuiteError NETLINK_REFUSED if the device does not take the frame. */
  send(frame: Buffer): void;
  close(): void;
}

export interface CaptureOptions {
  readonly device: string;
  /** In the language of pcap-filter(7); the kernel drops the rest. */
  readonly filter: string;
  /** The bytes are valid during the call alone. */
  readonly onFrame: (frame: Buffer) => void;
}

/** The part of the package that is used. */
interface CapSession {
  open(device: string, filter: string, ringBytes: number, into: Buffer): string;
  close(): void;
  send(frame: Buffer, length: number): void;
  setMinBytes?(bytes: number): void;
  on(event: 'packet', listener: (length: number, truncated: boolean) => void): void;
}

const ringBytes = 256 << 10;
const longestFrame = 2_048;

/** @throws SuiteError COMMAND_MISSING without the package, NETLINK_REFUSED if the device cannot be opened. */
export function openCapture({ device, filter, onFrame }: CaptureOptions): Capture {
  const session = newSession();
  const buffer = Buffer.alloc(longestFrame);
  const refused = (what: string, cause: unknown): SuiteError =>
    new SuiteError('NETLINK_REFUSED', `${what} ${device}: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  try {
    const type = session.open(device, filter, ringBytes, buffer);
    if (type !== 'ETHERNET') throw new Error(`its frames are ${type}`);
    session.setMinBytes?.(0);
  } catch (cause) {
    throw refused('capture on', cause);
  }
  let isOpen = true;
  session.on('packet', (length, truncated) => {
    if (isOpen && !truncated && length <= buffer.length) onFrame(buffer.subarray(0, length));
  });
  return {
    send(frame) {
      try {
        session.send(frame, frame.length);
      } catch (cause) {
        throw refused('send by', cause);
      }
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      session.close();
    },
  };
}

function newSession(): CapSession {
  try {
    const { Cap } = createRequire(import.meta.url)('cap') as { Cap: new () => CapSession };
    return new Cap();
  } catch (cause) {
    throw new SuiteError('COMMAND_MISSING', 'load the package cap', {
      cause,
      hint: 'install libpcap0.8 (in a checkout libpcap-dev, then run scripts/setup again), or set overlay.arp to kernel',
    });
  }
}
