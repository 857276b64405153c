// Notices that somebody changed nftables, which is where most hosts' iptables writes. What changed is not told: whoever cares
// reads the rules. Polled, as the watch of devices is, so that it occupies no thread and keeps no process alive.
import { closeSync } from 'node:fs';
import { SuiteError } from '../model/errors.ts';
import { openNetlinkSocket, receiveNow, setReceiveBuffer } from './libc.ts';
import { inNetns, type Netns } from './netns.ts';

export interface NftWatch {
  close(): void;
}

export interface NftWatchOptions {
  /** Called once for all that came since the last call. */
  onChange(): void;
  /** The socket failed; never called after close(). */
  onEnd(error: SuiteError): void;
  /** Default: the own namespace. */
  readonly netns?: Netns;
}

const NETLINK_NETFILTER = 12;
/** NFNLGRP_NFTABLES is group 7. */
const group = 1 << 6;
const POLL_MS = 250;
/** Small on purpose: a restore of ten thousand rules overruns it, which says as much as reading ten thousand notices. */
const RECEIVE_BUFFER = 16 << 10;
const MOST_IN_A_TURN = 64;

/** @throws LibcError where the kernel has no nftables. */
export function watchNftables(options: NftWatchOptions): NftWatch {
  const open = (): number => openNetlinkSocket(NETLINK_NETFILTER, group, { blocking: false });
  const fd = options.netns ? inNetns(options.netns, open) : open();
  setReceiveBuffer(fd, RECEIVE_BUFFER);
  const buffer = Buffer.alloc(RECEIVE_BUFFER);
  let isOpen = true;
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    clearInterval(timer);
    closeSync(fd);
  };
  const timer = setInterval(() => {
    try {
      if (drain(fd, buffer)) options.onChange();
    } catch (cause) {
      close();
      options.onEnd(new SuiteError('NETLINK_REFUSED', 'read notices of nftables', { cause }));
    }
  }, POLL_MS);
  timer.unref();
  return { close };
}

/** Whether anything came, lost notices included. */
function drain(fd: number, buffer: Buffer): boolean {
  let came = false;
  for (let count = 0; count < MOST_IN_A_TURN; count += 1) {
    try {
      if (receiveNow(fd, buffer) === 0) break;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'EINTR') continue;
      if (code !== 'ENOBUFS') throw error;
    }
    came = true;
  }
  return came;
}
