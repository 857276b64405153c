// Pure: charon's own configuration. Connections and keys are not in it: they come over VICI.
import { type CharonPlaces, charonTable } from '../../../shared/model/ipsec.ts';
import type { EspMode } from '../settings.ts';

/** In user space: its device, the first of the name. */
export const charonDevice = 'ipsec0';
/** And its MTU, which is compiled in. */
export const charonDeviceMtu = 1_400;

const common = ['nonce', 'openssl', 'kdf', 'pem', 'pkcs1', 'pkcs8', 'pubkey'] as const;

/** The plugins in the order in which they are asked: ESP in user space has to come before the kernel's. */
export function charonPlugins(mode: EspMode): readonly string[] {
  const esp = mode === 'user-space' ? ['kernel-libipsec'] : [];
  return [...common, ...esp, 'kernel-netlink', 'socket-default', 'vici'];
}

/** Debian's package of a plugin that may be missing. */
export function packageOf(plugin: string): string {
  return plugin === 'kernel-libipsec' ? 'libcharon-extra-plugins' : 'libstrongswan-standard-plugins';
}

/**
 * - The usual 16 threads: with eight, two peers keep all of them busy.
 * - Requests are repeated after 2 s and then at most every 5, so that a peer that comes back is met soon; after half a minute it
 *   counts as silent.
 * - The log is turned over by us when it is long.
 */
export function renderConfig(mode: EspMode, { socket, log }: CharonPlaces): string {
  return `# Written by Corral; changes are overwritten.
charon-systemd {
  load_modular = no
  load = ${charonPlugins(mode).join(' ')}
  plugins {
    vici {
      socket = unix://${socket}
    }
  }
  install_virtual_ip = no
  install_routes = ${mode === 'interface' ? 'no' : 'yes'}
  routing_table = ${charonTable}
  routing_table_prio = ${charonTable}
  make_before_break = yes
  retransmit_timeout = 2.0
  retransmit_base = 1.5
  retransmit_limit = 5
  retransmit_tries = 6
  half_open_timeout = 15
  filelog {
    main {
      path = ${log}
      append = yes
      default = 1
      enc = 0
      net = 0
      ike_name = yes
      flush_line = yes
      time_format = %Y-%m-%dT%H:%M:%S
    }
  }
  journal {
    default = -1
  }
  syslog {
  }
}
`;
}
