// Pure: what the host has to know of each container that is on a bridge of ours: its port's flags, the forwarding entry at the
// port and the neighbour entries on the bridge. ADD makes them; a lease says for how long.
import { parseBridgeConf } from '../../../cni-plugins/bridge/bridge-conf.ts';
import { linkAlias } from '../../../cni-plugins/bridge/names.ts';
import { type Lease, leaseIps } from '../../../cni-plugins/ipam/lease.ts';
import { type Ip, parseIp } from '../../shared/model/ip.ts';
import { type Mac, parseMac } from '../../shared/model/mac.ts';

export interface WantLink {
  readonly device: string;
  /** Proof that the device of that name is the attachment's. */
  readonly alias: string;
  readonly bridge: string;
  readonly mac: Mac;
  readonly ips: readonly Ip[];
  readonly port: { readonly hairpin: boolean; readonly learning: boolean; readonly locked: boolean };
}

/** Of finished attachments that Corral's own plugins made with a locked port; without the lock the kernel learns by itself. */
export function wantLinks(leases: Iterable<Lease>): WantLink[] {
  return [...leases].flatMap((lease) => {
    const mac = parseMac(lease.mac);
    if (lease.phase !== 'done' || lease.bridge === null || lease.hostVeth === null || !mac) return [];
    const conf = confOf(lease);
    if (!conf?.macSpoofCheck) return [];
    const ips = leaseIps(lease).flatMap((text) => parseIp(text) ?? []);
    const port = { hairpin: conf.hairpin, learning: false, locked: true };
    return [{ device: lease.hostVeth, alias: linkAlias(lease), bridge: lease.bridge, mac, ips, port }];
  });
}

/** undefined for a configuration that this version does not take: its link is left alone. */
function confOf(lease: Lease): ReturnType<typeof parseBridgeConf> | undefined {
  try {
    return parseBridgeConf(lease.config, lease.args);
  } catch {
    return undefined;
  }
}
