// Whether the kernel has an ipset of a name (linux/netfilter/ipset/ip_set.h). Sets are others'; rules of ours may look into one.
import { hasCode } from '../../model/errors.ts';
import { readTextIfPresent } from '../files.ts';
import { Payload } from './attributes.ts';
import { FAMILY, FLAG } from './constants.ts';
import { Transport } from './transport.ts';

const NETLINK_NETFILTER = 12;
const HEADER = (6 << 8) | 12;
const ATTR = { PROTOCOL: 1, SETNAME: 2 } as const;
const PROTOCOL = 6;
/** There once the kernel's sets are; to ask before would load them. */
const modulePath = '/sys/module/ip_set/parameters/max_sets';

export interface Ipsets {
  has(name: string): Promise<boolean>;
  close(): void;
}

export function openIpsets(): Ipsets {
  let transport: Transport | undefined;
  return {
    async has(name) {
      if (readTextIfPresent(modulePath) === undefined) return false;
      transport ??= new Transport({ protocol: NETLINK_NETFILTER });
      const payload = new Payload(Uint8Array.of(FAMILY.INET, 0, 0, 0))
        .u8(ATTR.PROTOCOL, PROTOCOL)
        .text(ATTR.SETNAME, name);
      try {
        await transport.request(`look up the set ${name}`, HEADER, FLAG.REQUEST, payload.finish());
        return true;
      } catch (error) {
        if (hasCode(error, 'NETLINK_NOT_FOUND')) return false;
        throw error;
      }
    },
    close: () => transport?.close(),
  };
}
