// The kernel's sets of addresses (linux/netfilter/ipset/ip_set.h), into which rules look: `RANCHER_…` are others', `corral-…`
// are the overlay's own.
import { hasCode } from '../../model/errors.ts';
import { readTextIfPresent } from '../files.ts';
import { nestedOf, Payload, readAttributeList, readAttributes } from './attributes.ts';
import { FAMILY, FLAG } from './constants.ts';
import { type Ip, ipBytes, ipFromBytes } from './ip-bytes.ts';
import { Transport } from './transport.ts';

const NETLINK_NETFILTER = 12;
const SUBSYSTEM = 6 << 8;
const COMMAND = { CREATE: 2, DESTROY: 3, LIST: 7, ADD: 9, DEL: 10, HEADER: 12 } as const;
const ATTR = { PROTOCOL: 1, SETNAME: 2, TYPENAME: 3, REVISION: 4, FAMILY: 5, DATA: 7, ADT: 8 } as const;
/** Inside DATA. */
const ENTRY_IP = 1;
/** Inside ENTRY_IP. */
const IPADDR = { 4: 1, 6: 2 } as const;
const NET_BYTEORDER = 0x4000;
const PROTOCOL = 6;
/** There once the kernel's sets are; to ask before would load them. */
const modulePath = '/sys/module/ip_set/parameters/max_sets';

export interface Ipsets {
  has(name: string): Promise<boolean>;
  /** Makes a set of addresses (hash:ip), unless it is there. @throws NETLINK_* where the kernel has no sets. */
  ensureSet(name: string, family: 4 | 6): Promise<void>;
  /** The addresses in it; undefined if there is no such set. */
  members(name: string): Promise<Ip[] | undefined>;
  /** An address that is in it already is success. */
  add(name: string, address: Ip): Promise<void>;
  /** So is one that is not. */
  remove(name: string, address: Ip): Promise<void>;
  /** A set that is not there is success. @throws NETLINK_* while a rule looks into it. */
  destroy(name: string): Promise<void>;
  close(): void;
}

export function openIpsets(): Ipsets {
  let transport: Transport | undefined;
  const kernel = (): Transport => {
    transport ??= new Transport({ protocol: NETLINK_NETFILTER });
    return transport;
  };
  const entry = async (command: number, name: string, address: Ip): Promise<void> => {
    const attempted = `${command === COMMAND.ADD ? 'add to' : 'remove from'} the set ${name}`;
    const family = typeof address === 'number' ? 4 : 6;
    const payload = about(name, family).nest(ATTR.DATA, (data) =>
      data.nest(ENTRY_IP, (ip) => ip.bytes(IPADDR[family] | NET_BYTEORDER, ipBytes(address))),
    );
    await kernel().request(attempted, SUBSYSTEM | command, FLAG.REQUEST, payload.finish());
  };
  return {
    async has(name) {
      if (readTextIfPresent(modulePath) === undefined) return false;
      return whetherThere(
        kernel().request(`look up the set ${name}`, SUBSYSTEM | COMMAND.HEADER, 0, about(name).finish()),
      );
    },
    async ensureSet(name, family) {
      const payload = about(name, family)
        .text(ATTR.TYPENAME, 'hash:ip')
        .u8(ATTR.REVISION, 0)
        .u8(ATTR.FAMILY, family === 4 ? FAMILY.INET : FAMILY.INET6)
        .nest(ATTR.DATA, () => undefined);
      await kernel().request(`make the set ${name}`, SUBSYSTEM | COMMAND.CREATE, FLAG.CREATE, payload.finish());
    },
    async members(name) {
      try {
        const answers = await kernel().dump(`list the set ${name}`, SUBSYSTEM | COMMAND.LIST, about(name).finish());
        return answers.flatMap(({ data }) => entriesOf(data));
      } catch (error) {
        if (hasCode(error, 'NETLINK_NOT_FOUND')) return undefined;
        throw error;
      }
    },
    add: (name, address) => entry(COMMAND.ADD, name, address),
    remove: (name, address) => entry(COMMAND.DEL, name, address),
    async destroy(name) {
      await whetherThere(
        kernel().request(`remove the set ${name}`, SUBSYSTEM | COMMAND.DESTROY, 0, about(name).finish()),
      );
    },
    close: () => transport?.close(),
  };
}

/** struct nfgenmsg, then the protocol and the set's name. */
function about(name: string, family: 4 | 6 = 4): Payload {
  const header = Uint8Array.of(family === 4 ? FAMILY.INET : FAMILY.INET6, 0, 0, 0);
  return new Payload(header).u8(ATTR.PROTOCOL, PROTOCOL).text(ATTR.SETNAME, name);
}

async function whetherThere(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (hasCode(error, 'NETLINK_NOT_FOUND')) return false;
    throw error;
  }
}

function entriesOf(message: Buffer): Ip[] {
  const list = readAttributes(message, 4).get(ATTR.ADT);
  if (!list) return [];
  return readAttributeList(list).flatMap(({ value }) => {
    const ip = nestedOf(readAttributes(value), ENTRY_IP);
    return ipFromBytes(ip.get(IPADDR[4]) ?? ip.get(IPADDR[6])) ?? [];
  });
}
