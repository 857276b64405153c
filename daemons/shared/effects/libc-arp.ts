// ARP on one device: hears what is said there by broadcast or to this host, and speaks. Needs CAP_NET_RAW.
import { closeSync } from 'node:fs';
import { call, receiveNow } from './libc.ts';

const AF_PACKET = 17;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const ETH_P_ARP = 0x0806;
const macLength = 6;

export interface ArpSocket {
  /** The next message that waits (RFC 826, 28 bytes and padding); undefined if none does. Throws when the device is gone. */
  receive(): Buffer | undefined;
  /** To everybody on the link. */
  broadcast(message: Uint8Array): void;
  close(): void;
}

/**
 * @param hears false: it only speaks, and the kernel queues nothing for it
 * @throws LibcError if there is no device of that index, or the right is missing.
 */
export function openArp(index: number, hears = true): ArpSocket {
  const heard = hears ? ETH_P_ARP : 0;
  const fd = call('socket', AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, swap(heard));
  const close = (): void => closeSync(fd);
  try {
    const here = linkAddress(index, heard);
    call('bind', fd, here, here.length);
  } catch (error) {
    close();
    throw error;
  }
  const everybody = linkAddress(index, ETH_P_ARP);
  const buffer = Buffer.alloc(256);
  return {
    receive() {
      const length = receiveNow(fd, buffer);
      return length === 0 ? undefined : Buffer.from(buffer.subarray(0, length));
    },
    broadcast: (message) => void call('sendto', fd, message, message.length, 0, everybody, everybody.length),
    close,
  };
}

/** struct sockaddr_ll: family, protocol, index, hardware type, packet type, length, address; here the broadcast address. */
function linkAddress(index: number, protocol: number): Uint8Array {
  const address = Buffer.alloc(20);
  address.writeUInt16LE(AF_PACKET, 0);
  address.writeUInt16BE(protocol, 2);
  address.writeInt32LE(index, 4);
  address.writeUInt8(macLength, 11);
  address.fill(0xff, 12, 12 + macLength);
  return address;
}

function swap(value: number): number {
  return ((value & 0xff) << 8) | (value >> 8);
}
