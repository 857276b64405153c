// Addresses of devices.
import { hasCode } from '../../model/errors.ts';
import type { Ipv4 } from '../../model/ipv4.ts';
import { Payload, readAttributes, u32Of } from './attributes.ts';
import { FLAG, IFA, IFA_F, RTM, SCOPE } from './constants.ts';
import { familyOf, type Ip, ipBytes, ipFromBytes, renderIp } from './ip-bytes.ts';
import type { Transport } from './transport.ts';

export type Scope = keyof typeof SCOPE;

export interface Address {
  /** Index of the device. */
  readonly index: number;
  readonly address: Ip;
  readonly prefix: number;
  /** Default `universe`; `host` for an address that nobody outside shall learn of. */
  readonly scope?: Scope;
  readonly broadcast?: Ipv4;
  /** Do not add the route to the address' own range. */
  readonly noPrefixRoute?: boolean;
  /** IPv6: detect duplicates (RFC 4862) before the address is used. Default: no. */
  readonly detectDuplicates?: boolean;
  /** As listed, IPv6: `tentative` while duplicates are looked for, `duplicate` if somebody else has the address. */
  readonly detection?: 'tentative' | 'duplicate';
}

export interface AddressVerbs {
  /** All addresses of the namespace, or of one device. */
  listAddresses(index?: number): Promise<Address[]>;
  /** Adds the address, or corrects its scope if one is given; returns whether it wrote. */
  ensureAddress(want: Address): Promise<boolean>;
  /** Returns whether it was there. */
  dropAddress(address: Pick<Address, 'index' | 'address' | 'prefix'>): Promise<boolean>;
}

export function addressVerbs(transport: Transport): AddressVerbs {
  const list = async (index?: number): Promise<Address[]> => {
    const answers = await transport.dump('list addresses', RTM.GETADDR, new Payload(Buffer.alloc(8)).finish());
    const addresses = answers.flatMap(({ data }) => parseAddress(data) ?? []);
    return index === undefined ? addresses : addresses.filter((address) => address.index === index);
  };
  /** False if it is there already. */
  const add = async (want: Address): Promise<boolean> => {
    const attempted = `add address ${renderIp(want.address)}/${want.prefix} to device ${want.index}`;
    const flags = FLAG.CREATE | FLAG.EXCL;
    return (await transport.tryRequest(attempted, RTM.NEWADDR, flags, addressPayload(want), ['EEXIST'])) !== undefined;
  };
  const drop = async (want: Address): Promise<boolean> => {
    const attempted = `remove address ${renderIp(want.address)}/${want.prefix} from device ${want.index}`;
    try {
      await transport.request(attempted, RTM.DELADDR, 0, addressPayload(want));
      return true;
    } catch (error) {
      if (hasCode(error, 'NETLINK_NOT_FOUND', 'NETLINK_NO_SUCH_DEVICE')) return false;
      throw error;
    }
  };
  return {
    listAddresses: list,
    dropAddress: drop,
    async ensureAddress(want) {
      if (await add(want)) return true; // the common case first: one request, and the kernel says if it is there
      // Only a scope can be wrong, and only who names one wants to know: a list of a bridge's host is a long one.
      if (want.scope === undefined) return false;
      const same = (have: Address): boolean => have.address === want.address && have.prefix === want.prefix;
      const have = (await list(want.index)).find(same);
      if (!have || have.scope === (want.scope ?? 'universe') || typeof want.address !== 'number') return false;
      await drop(have); // the kernel cannot change a scope
      await add(want);
      return true;
    },
  };
}

/** struct ifaddrmsg: family, prefix, flags, scope, index; then the address. */
function addressPayload(want: Address): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt8(familyOf(want.address), 0);
  header.writeUInt8(want.prefix, 1);
  header.writeUInt8(SCOPE[want.scope ?? 'universe'], 3);
  header.writeUInt32LE(want.index, 4);
  const bytes = ipBytes(want.address);
  const payload = new Payload(header).bytes(IFA.LOCAL, bytes).bytes(IFA.ADDRESS, bytes);
  if (want.broadcast !== undefined) payload.bytes(IFA.BROADCAST, ipBytes(want.broadcast));
  const flags = (want.noPrefixRoute ? IFA_F.NOPREFIXROUTE : 0) | (skipsDetection(want) ? IFA_F.NODAD : 0);
  return (flags ? payload.u32(IFA.FLAGS, flags) : payload).finish();
}

function skipsDetection(want: Address): boolean {
  return typeof want.address === 'string' && !want.detectDuplicates;
}

/** Reads the payload of RTM_NEWADDR. */
function parseAddress(data: Buffer): Address | undefined {
  if (data.length < 8) return undefined;
  const attributes = readAttributes(data, 8);
  const address = ipFromBytes(attributes.get(IFA.LOCAL) ?? attributes.get(IFA.ADDRESS));
  if (address === undefined) return undefined;
  const scope = data.readUInt8(3);
  const broadcast = ipFromBytes(attributes.get(IFA.BROADCAST));
  const flags = u32Of(attributes, IFA.FLAGS) ?? 0;
  return {
    index: data.readUInt32LE(4),
    address,
    prefix: data.readUInt8(1),
    scope: scope === SCOPE.host ? 'host' : scope === SCOPE.link ? 'link' : 'universe',
    ...(typeof broadcast === 'number' ? { broadcast } : {}),
    noPrefixRoute: (flags & IFA_F.NOPREFIXROUTE) !== 0,
    ...(flags & IFA_F.DADFAILED
      ? { detection: 'duplicate' }
      : flags & IFA_F.TENTATIVE
        ? { detection: 'tentative' }
        : {}),
  };
}
