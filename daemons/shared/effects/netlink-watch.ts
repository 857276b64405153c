// Notices from the kernel that devices, addresses, routes, neighbours or forwarding entries changed.
//
// On a descriptor of our own, since the netlink package ends the process when the receive buffer overruns. Here an
// overrun (ENOBUFS) is an ordinary event: "look at everything again". A blocking read waits on one thread of libuv's
// pool, and what has come by the time it returns is taken in the same turn; the read times out after a second so that
// closing never waits longer. A watch that must not keep its process alive polls instead and occupies no thread.
import { closeSync, read } from 'node:fs';
import { SuiteError } from '../model/errors.ts';
import { openNetlinkSocket, receiveNow, setReceiveBuffer, setReceiveTimeout } from './libc.ts';
import { readAttributes } from './netlink/attributes.ts';
import { FAMILY, FLAG, RTA, RTM, SCOPE } from './netlink/constants.ts';
import { type Message, readMessages } from './netlink/framing.ts';
import { PROTO_CORRAL, parseRoute, type Route, TABLE_MAIN } from './netlink/routes.ts';
import { inNetns, type Netns } from './netns.ts';

export type WatchGroup = 'link' | 'address' | 'route' | 'neighbour';

export interface Change {
  /** `fdb` comes with the group `neighbour`. */
  readonly kind: WatchGroup | 'fdb';
  readonly gone: boolean;
  /** Index of the device; 0 for routes, which may have none or several. */
  readonly index: number;
  /** Of a route; undefined for types that Corral never makes. */
  readonly route?: RouteNotice | undefined;
}

export interface RouteNotice extends Route {
  /** Of the main table. */
  readonly isMain: boolean;
  /** Made by Corral. */
  readonly isOurs: boolean;
  /** It took the place of another one, of which there is no notice that it is gone. */
  readonly replaces: boolean;
}

export interface WatchOptions {
  readonly groups: readonly WatchGroup[];
  /** Default: the own namespace. */
  readonly netns?: Netns;
  /** What changed, in order; called with several changes at once when they come fast. */
  onChanges(changes: readonly Change[]): void;
  /** Changes were lost: compare everything. */
  onResync(): void;
  /** The watch has ended because its socket failed; never called after close(). */
  onEnd(error: SuiteError): void;
  /** False: do not keep the process alive; changes are then noticed every 250 ms. Default true. */
  readonly keepAlive?: boolean;
  /** Size of the receive buffer in bytes, default 1 MiB. */
  readonly receiveBuffer?: number;
}

export interface Watch {
  /** No callback comes after this; resolves when the descriptor is closed, after a second at most. */
  close(): Promise<void>;
}

const ROUTE = 0;
const READ_TIMEOUT_MS = 1_000;
const POLL_MS = 250;
/** A turn of the loop takes no more, so that a storm of events leaves room for other work. */
const MOST_IN_A_TURN = 256;
const LARGEST_DATAGRAM = 64 * 1024;
const RTMSG_LENGTH = 12;

// Bits of struct sockaddr_nl's groups, IPv4 and IPv6 together.
const masks: Readonly<Record<WatchGroup, number>> = { link: 0x1, neighbour: 0x4, address: 0x110, route: 0x440 };

/** Starts to watch. What happens from the return of this call on is reported, or announced as lost. */
export function watchNetlink(options: WatchOptions): Watch {
  const keepAlive = options.keepAlive ?? true;
  const groups = options.groups.reduce((bits, group) => bits | masks[group], 0);
  const open = (): number => openNetlinkSocket(ROUTE, groups, { blocking: keepAlive });
  const fd = options.netns ? inNetns(options.netns, open) : open();
  setReceiveBuffer(fd, options.receiveBuffer ?? 1 << 20);
  if (!keepAlive) return pollingWatch(fd, options);
  setReceiveTimeout(fd, READ_TIMEOUT_MS);
  return blockingWatch(fd, options);
}

function blockingWatch(fd: number, options: WatchOptions): Watch {
  const buffer = Buffer.alloc(LARGEST_DATAGRAM); // held by the closures below for as long as the kernel may write to it
  const closed = Promise.withResolvers<void>();
  let wanted = true;
  const finish = (): void => {
    closeSync(fd);
    closed.resolve();
  };
  const next = (): void => {
    read(fd, buffer, 0, buffer.length, null, (error, length) => {
      if (!wanted) return finish();
      const fatal = takeTurn(fd, buffer, error, length, options);
      if (!fatal && wanted) return next();
      finish();
      if (fatal && wanted) options.onEnd(fatal);
    });
  };
  next();
  const close = (): Promise<void> => {
    wanted = false;
    return closed.promise;
  };
  return { close };
}

function pollingWatch(fd: number, options: WatchOptions): Watch {
  const buffer = Buffer.alloc(LARGEST_DATAGRAM);
  let open = true;
  const close = async (): Promise<void> => {
    if (!open) return;
    open = false;
    clearInterval(timer);
    closeSync(fd);
  };
  const timer = setInterval(() => {
    const fatal = takeTurn(fd, buffer, null, 0, options);
    if (!fatal || !open) return;
    void close();
    options.onEnd(fatal);
  }, POLL_MS);
  timer.unref();
  return { close };
}

/** Reports what the read brought, and what waits behind it; returns an error after which reading is pointless. */
function takeTurn(
  fd: number,
  buffer: Buffer,
  first: unknown,
  length: number,
  options: WatchOptions,
): SuiteError | undefined {
  const changes: Change[] = [];
  let lost = false;
  let fatal: SuiteError | undefined;
  const judge = (error: unknown): void => {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOBUFS') lost = true;
    else if (code !== 'EAGAIN' && code !== 'EINTR') {
      fatal = new SuiteError('NETLINK_REFUSED', 'read notices of the kernel', { cause: error });
    }
  };
  if (first) judge(first);
  else collect(buffer.subarray(0, length), changes);
  for (let count = 0; count < MOST_IN_A_TURN && !fatal; count += 1) {
    try {
      const more = receiveNow(fd, buffer);
      if (more === 0) break;
      collect(buffer.subarray(0, more), changes);
    } catch (error) {
      judge(error);
    }
  }
  if (changes.length > 0) options.onChanges(changes);
  if (lost) options.onResync();
  return fatal;
}

function collect(datagram: Buffer, into: Change[]): void {
  for (const message of readMessages(datagram)) {
    const change = changeOf(message);
    if (change) into.push(change);
  }
}

/**
 * What a notice is about; undefined also for IPv6 addresses and routes that every device makes for itself as it comes up:
 * they say nothing beyond the device's own notice, and containers' devices come and go all day. All the structs begin with the family; the index is at 4, but rtmsg has none.
 */
function changeOf({ type, flags, data }: Message): Change | undefined {
  if (data.length < 8) return undefined;
  const index = data.readInt32LE(4);
  const family = data.readUInt8(0);
  switch (type) {
    case RTM.NEWLINK:
    case RTM.DELLINK:
      // A bridge announces with its own family that a port left it; the device itself may live on.
      return { kind: 'link', gone: type === RTM.DELLINK && family !== FAMILY.BRIDGE, index };
    case RTM.NEWADDR:
    case RTM.DELADDR:
      if (family === FAMILY.INET6 && data.readUInt8(3) === SCOPE.link) return undefined;
      return { kind: 'address', gone: type === RTM.DELADDR, index };
    case RTM.NEWROUTE:
    case RTM.DELROUTE:
      if (family === FAMILY.INET6 && isRouteOfOneLink(data)) return undefined;
      return { kind: 'route', gone: type === RTM.DELROUTE, index: 0, route: noticeOf(data, flags) };
    case RTM.NEWNEIGH:
    case RTM.DELNEIGH:
      return { kind: family === FAMILY.BRIDGE ? 'fdb' : 'neighbour', gone: type === RTM.DELNEIGH, index };
    default:
      return undefined;
  }
}

function noticeOf(data: Buffer, flags: number): RouteNotice | undefined {
  const route = parseRoute(data);
  if (!route) return undefined;
  const { table, protocol } = route;
  const replaces = (flags & FLAG.REPLACE) !== 0;
  return { ...route, isMain: table === TABLE_MAIN, isOurs: protocol === PROTO_CORRAL, replaces };
}

/** Link-local or multicast. */
function isRouteOfOneLink(data: Buffer): boolean {
  const [first = 0, second = 0] = readAttributes(data, RTMSG_LENGTH).get(RTA.DST) ?? [];
  return first === 0xff || (first === 0xfe && (second & 0xc0) === 0x80);
}
