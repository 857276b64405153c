// Notices that somebody gave an IPv4 address to a device, in this namespace or in one that a veth leads to from here: what a
// container does to its own addresses, which it says to nobody. Read when asked, so it occupies no thread and no timer.
import { closeSync } from 'node:fs';
import type { Ipv4 } from '../model/ipv4.ts';
import { ipv4FromBytes } from '../model/ipv4.ts';
import { hearAllNamespaces, openNetlinkSocket, receiveNow, setReceiveBuffer } from './libc.ts';
import { readAttributes } from './netlink/attributes.ts';
import { IFA, RTM } from './netlink/constants.ts';
import { type Message, readMessages } from './netlink/framing.ts';
import { inNetns, type Netns } from './netns.ts';

export interface AddressNotices {
  /** The addresses that were added since the last call; undefined if notices were lost. @throws LibcError */
  take(): ReadonlySet<Ipv4> | undefined;
  close(): void;
}

const ROUTE = 0;
const RTMGRP_IPV4_IFADDR = 0x10;
const RECEIVE_BUFFER = 256 << 10;
const LARGEST_DATAGRAM = 32 << 10;
/** More are lost ones: who has hundreds of new addresses a second looks at all of them anyway. */
const MOST_AT_ONCE = 1_024;
const IFADDRMSG_LENGTH = 8;

/** @param netns default: the own namespace. @throws LibcError without CAP_NET_BROADCAST. */
export function openAddressNotices(netns?: Netns): AddressNotices {
  const open = (): number => openNetlinkSocket(ROUTE, RTMGRP_IPV4_IFADDR, { blocking: false });
  const fd = netns ? inNetns(netns, open) : open();
  const close = (): void => closeSync(fd);
  try {
    hearAllNamespaces(fd);
    setReceiveBuffer(fd, RECEIVE_BUFFER);
  } catch (error) {
    close();
    throw error;
  }
  const buffer = Buffer.alloc(LARGEST_DATAGRAM);
  return { take: () => takeAll(fd, buffer), close };
}

function takeAll(fd: number, buffer: Buffer): ReadonlySet<Ipv4> | undefined {
  const added = new Set<Ipv4>();
  for (let count = 0; count < MOST_AT_ONCE; count += 1) {
    try {
      const length = receiveNow(fd, buffer);
      if (length === 0) return added;
      for (const message of readMessages(buffer.subarray(0, length))) {
        const address = addedBy(message);
        if (address !== undefined) added.add(address);
      }
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'ENOBUFS') return undefined;
      if (code !== 'EINTR') throw error;
    }
  }
  return undefined;
}

function addedBy({ type, data }: Message): Ipv4 | undefined {
  if (type !== RTM.NEWADDR || data.length < IFADDRMSG_LENGTH) return undefined;
  const bytes = readAttributes(data, IFADDRMSG_LENGTH).get(IFA.LOCAL);
  return bytes?.length === 4 ? ipv4FromBytes(bytes) : undefined;
}
