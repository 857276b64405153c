// Network namespaces. A netlink socket belongs to the namespace in which it was created, whatever its thread does
// later, and files below /proc/sys/net are resolved by the opening thread. So entering a namespace is one synchronous
// stretch on the main thread, without await, callback or thread pool, and the rest of the program never notices.
import { closeSync, fstatSync, openSync, statfsSync, writeSync } from 'node:fs';
import { SuiteError } from '../model/errors.ts';
import { setns } from './libc.ts';

/** An open namespace. The descriptor keeps it alive, and keeps a recycled pid from leading elsewhere. */
export interface Netns {
  readonly path: string;
  readonly fd: number;
  /** Identifies the namespace on this machine for as long as it exists. */
  readonly inode: number;
  close(): void;
}

const NSFS_MAGIC = 0x6e736673;
const OWN = '/proc/thread-self/ns/net';

/**
 * Opens a namespace by path: a bind mount (`/run/netns/x`) or `/proc/<pid>/ns/net`.
 * @throws SuiteError NETNS_GONE if there is none at the path (any more).
 */
export function openNetns(path: string): Netns {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (cause) {
    throw new SuiteError('NETNS_GONE', `open network namespace ${path}`, { cause, hint: 'has the container ended?' });
  }
  // An unmounted bind mount leaves an ordinary empty file behind.
  if (statfsSync(`/proc/self/fd/${fd}`).type !== NSFS_MAGIC) {
    closeSync(fd);
    throw new SuiteError('NETNS_GONE', `open network namespace ${path}: not a namespace`);
  }
  let open = true;
  const close = (): void => {
    if (open) closeSync(fd);
    open = false;
  };
  return { path, fd, inode: fstatSync(fd).ino, close };
}

let home: Netns | undefined;
let away = false;

/** The namespace of this process, opened once and never closed. */
export function homeNetns(): Netns {
  home ??= openNetns(OWN);
  return home;
}

/** True if the handle is the namespace of this process: work meant for a container would hit the host. */
export function isHomeNetns(netns: Netns): boolean {
  return netns.inode === homeNetns().inode;
}

/**
 * Runs `work` inside the namespace and returns its result. `work` must be synchronous; stretches cannot be nested.
 * If the way back fails the process ends at once, since everything it did next would happen in the wrong namespace.
 */
export function inNetns<T>(netns: Netns, work: () => T): T {
  const back = homeNetns();
  if (away) throw new SuiteError('INTERNAL', `enter ${netns.path}: already inside another namespace`);
  try {
    setns(netns.fd);
  } catch (cause) {
    throw new SuiteError('NETNS_GONE', `enter network namespace ${netns.path}`, { cause });
  }
  away = true;
  let result: T;
  try {
    result = work();
  } finally {
    comeBack(back);
    away = false;
  }
  if (isThenable(result)) throw new SuiteError('INTERNAL', `work inside ${netns.path} was not synchronous`);
  return result;
}

function comeBack(home: Netns): void {
  try {
    setns(home.fd);
  } catch (error) {
    writeSync(2, `cannot return to the own network namespace: ${String(error)}\n`);
    process.abort();
  }
}

function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
