// Pure: what a daemon may do and see when it runs as a container. images/compose.yaml asks for the same, and images/README.md
// gives the reasons; test/unit/images holds the three together.
import type { DaemonName } from '../../shared/model/paths.ts';

export interface ContainerNeeds {
  /** All others are dropped. */
  readonly capabilities: readonly string[];
  /** Of the host, as `docker run -v` takes them. */
  readonly binds: readonly string[];
  /** AppArmor's profile for containers forbids it other processes' namespaces or the kernel's settings. */
  readonly unconfined: boolean;
}

/** Where the images expect the settings of the host's kernel, since an engine gives `/proc/sys` only to read. */
export const procSys = '/host/proc/sys';

const run = '/run/corral:/run/corral';
const state = '/var/lib/corral:/var/lib/corral';
const logs = '/var/log/corral:/var/log/corral';
const settings = `/proc/sys/net:${procSys}/net`;
/** Engines' sockets, namespaces that are mounted there later, the lock of iptables. */
const allRun = '/run:/run:rslave';

export interface Places {
  /** Directory of the configuration. */
  readonly configDir: string;
  /** Where the engine keeps its containers: their resolv.conf and hosts lie below. */
  readonly engineRoot: string;
}

export function needsOf(daemon: DaemonName, { configDir, engineRoot }: Places): ContainerNeeds {
  const config = `${configDir}:${configDir}:ro`;
  switch (daemon) {
    case 'metadata':
      return { capabilities: ['NET_ADMIN', 'NET_BIND_SERVICE'], binds: [run, config, state], unconfined: false };
    case 'dns':
      return { capabilities: ['NET_ADMIN', 'NET_BIND_SERVICE'], binds: [run, config, state], unconfined: false };
    case 'network-manager':
      return {
        capabilities: ['NET_ADMIN', 'NET_RAW', 'SYS_ADMIN', 'SYS_PTRACE'],
        binds: [
          allRun,
          config,
          state,
          settings,
          '/etc/cni:/etc/cni',
          '/opt/cni:/opt/cni',
          '/var/lib/cni:/var/lib/cni',
          '/var/lib/rancher:/var/lib/rancher',
          `${engineRoot}/containers:${engineRoot}/containers`,
        ],
        unconfined: true,
      };
    case 'overlay':
      return { capabilities: ['NET_ADMIN', 'NET_RAW'], binds: [allRun, config, state, settings], unconfined: true };
    case 'supervisor':
      return {
        capabilities: ['SYS_PTRACE'],
        binds: [allRun, config, state, logs, '/etc/cni:/etc/cni', '/opt/cni:/opt/cni'],
        unconfined: true,
      };
    default: {
      const never: never = daemon;
      return never;
    }
  }
}
