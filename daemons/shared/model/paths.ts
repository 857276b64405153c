// Pure: where everything lives, below one root (CORRAL_ROOT; the machine's own root when unset).
import { SuiteError } from './errors.ts';

/**
 * Unix socket paths end at 107 bytes; this leaves room for cni.sock, which other programs connect to. Our own longer ones
 * are reached through effects/socket-path.ts.
 */
export const maxRootLength = 80;

export const daemonNames = ['metadata', 'dns', 'network-manager', 'overlay', 'supervisor'] as const;
export type DaemonName = (typeof daemonNames)[number];

export interface Paths {
  /** '' for the machine's own root. */
  readonly root: string;
  readonly config: string;
  /** Sockets and locks; 0700. */
  readonly run: string;
  /** The store, and what outlives a boot. */
  readonly state: string;
  readonly logs: string;
  /** CNI network configurations: `<cniConf>/<network>.d/`. */
  readonly cniConf: string;
  readonly cniBin: string;
  /** Leases and attachments of the CNI library; gone with the boot. */
  readonly leases: string;
  /** The host's address blocks, one file a network, written by network-manager for the CNI library. */
  readonly blocks: string;
  readonly recordsSocket: string;
  readonly cniSocket: string;
}

/** Paths below a root directory; refuses a root whose sockets would not fit into sun_path. */
export function pathsBelow(root: string, config?: string): Paths {
  const clean = root === '/' ? '' : root.replace(/\/+$/, '');
  if (Buffer.byteLength(clean) > maxRootLength) {
    throw new SuiteError('ROOT_TOO_LONG', `use ${clean} as root: ${Buffer.byteLength(clean)} bytes`, {
      hint: `choose a directory of at most ${maxRootLength} bytes, since unix sockets live below it`,
    });
  }
  if (clean !== '' && !clean.startsWith('/')) {
    throw new SuiteError('USAGE', `use ${clean} as root`, { hint: 'CORRAL_ROOT must be an absolute path' });
  }
  const run = `${clean}/run/corral`;
  return {
    root: clean,
    config: config ?? `${clean}/etc/corral/corral.yaml`,
    run,
    state: `${clean}/var/lib/corral`,
    logs: `${clean}/var/log/corral`,
    cniConf: `${clean}/etc/cni`,
    cniBin: `${clean}/opt/cni/bin`,
    leases: `${run}/leases`,
    blocks: `${run}/blocks`,
    recordsSocket: `${run}/records.sock`,
    cniSocket: `${run}/cni.sock`,
  };
}

/** The socket on which a daemon tells its health, metrics and own routes. */
export function daemonSocket(paths: Paths, daemon: DaemonName): string {
  return `${paths.run}/${daemon}.sock`;
}

/** The file whose flock a running daemon holds, so that no twin starts. */
export function daemonLock(paths: Paths, daemon: DaemonName): string {
  return `${paths.run}/${daemon}.lock`;
}

export function daemonLog(paths: Paths, daemon: DaemonName): string {
  return `${paths.logs}/${daemon}.log`;
}

/** Exists if Corral switched the host's forwarding on; `corral cleanup` switches it off again then. */
export function forwardingRecord(paths: Pick<Paths, 'state'>, family: 4 | 6 = 4): string {
  return `${paths.state}/${family === 4 ? 'ip' : 'ip6'}_forward.was-0`;
}

/** Names, one a line, of devices whose `accept_ra` was 1 before Corral made it 2; `corral cleanup` makes it 1 again. */
export function acceptRecord(paths: Pick<Paths, 'state'>): string {
  return `${paths.state}/accept_ra.was-1`;
}
