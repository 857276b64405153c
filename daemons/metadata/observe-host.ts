// What the machine says of itself: the parts of the own host record that the configuration leaves open.
import { createSocket } from 'node:dgram';
import { statfs } from 'node:fs/promises';
import { availableParallelism, hostname, totalmem } from 'node:os';
import { readText } from '../shared/effects/files.ts';
import { within } from '../shared/reconcile/within.ts';

export interface Machine {
  readonly hostname: string;
  /** Source address of the default route; null without one. */
  readonly address: string | null;
  /** Bytes. */
  readonly memory: number;
  /** Thousandths of a core. */
  readonly milliCpu: number;
  readonly localStorageMb: number | null;
}

/** An address that the default route leads to (documentation range, RFC 5737): connecting a datagram socket sends nothing. */
const far = '198.51.100.1';

/** `towards`: an address that the other hosts are reached like; the default route's if there is no way to it. */
export async function observeMachine(stateDirectory: string, towards?: string): Promise<Machine> {
  const [address, localStorageMb] = await Promise.all([ownAddress(towards), sizeInMb(stateDirectory)]);
  return {
    hostname: hostname(),
    address,
    memory: totalmem(),
    milliCpu: availableParallelism() * 1000,
    localStorageMb,
  };
}

/** The same for as long as the machine runs; records of containers do not outlive it. */
export function readBootId(): string {
  return readText('/proc/sys/kernel/random/boot_id').trim();
}

/** The source address of the way there; an address of this host alone is no use to others. */
export async function ownAddress(towards: string | undefined): Promise<string | null> {
  const near = towards === undefined ? null : await sourceAddress(towards);
  return near !== null && !/^(127\.|::1$)/.test(near) ? near : sourceAddress(far);
}

/** The host of `http://192.0.2.1:2379`. */
export function hostOfUrl(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, '');
}

async function sourceAddress(towards: string): Promise<string | null> {
  const socket = createSocket(towards.includes(':') ? 'udp6' : 'udp4');
  try {
    const found = new Promise<string>((resolve, reject) => {
      socket.once('error', reject);
      socket.connect(9, towards, () => resolve(socket.address().address));
    });
    const address = await within(1_000, `find the way to ${towards}`, found);
    return address === '0.0.0.0' || address === '::' ? null : address;
  } catch {
    return null; // no way there: the host has no address to tell
  } finally {
    socket.close();
  }
}

async function sizeInMb(path: string): Promise<number | null> {
  try {
    const { blocks, bsize } = await statfs(path);
    return Math.floor((blocks * bsize) / (1024 * 1024));
  } catch {
    return null;
  }
}
