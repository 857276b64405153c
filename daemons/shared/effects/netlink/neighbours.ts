// Neighbour entries: which MAC has an address on a device.
import { hasCode } from '../../model/errors.ts';
import { type Mac, macBytes, macFromBytes } from '../../model/mac.ts';
import { Payload, readAttributes } from './attributes.ts';
import { FAMILY, FLAG, NDA, NTF, NUD, RTM } from './constants.ts';
import { familyOf, type Ip, ipBytes, ipFromBytes, renderIp } from './ip-bytes.ts';
import type { Transport } from './transport.ts';

export interface Neighbour {
  /** Index of the device. */
  readonly index: number;
  readonly address: Ip;
  /** Absent while it is being asked for, or when nobody answered. */
  readonly mac: Mac | undefined;
  readonly permanent: boolean;
  readonly failed: boolean;
}

export interface NeighbourVerbs {
  /** Entries of both families, of one device or of all. */
  listNeighbours(index?: number): Promise<Neighbour[]>;
  /** Makes the entry permanent; returns whether it wrote. */
  ensureNeighbour(want: { index: number; address: Ip; mac: Mac }): Promise<boolean>;
  /** The same without a look: adds the entry, or replaces the one of the same address. */
  setNeighbour(want: { index: number; address: Ip; mac: Mac }): Promise<void>;
  /** Returns whether it was there. */
  dropNeighbour(entry: { index: number; address: Ip }): Promise<boolean>;
}

export function neighbourVerbs(transport: Transport): NeighbourVerbs {
  const set = async (want: { index: number; address: Ip; mac: Mac }, flags: number): Promise<void> => {
    const attempted = `set neighbour ${renderIp(want.address)} on device ${want.index}`;
    const payload = neighbourPayload(want).bytes(NDA.LLADDR, macBytes(want.mac)).finish();
    await transport.request(attempted, RTM.NEWNEIGH, FLAG.CREATE | flags, payload);
  };
  const get = async (entry: { index: number; address: Ip }): Promise<Neighbour | undefined> => {
    const attempted = `look up neighbour ${renderIp(entry.address)} on device ${entry.index}`;
    const payload = neighbourPayload(entry, 0).finish(); // the kernel refuses a look-up that names a state
    const [answer] = await transport.request(attempted, RTM.GETNEIGH, 0, payload);
    return answer && parseNeighbour(answer.data);
  };
  return {
    async listNeighbours(index) {
      const payload = new Payload(Buffer.alloc(12));
      if (index !== undefined) payload.u32(NDA.IFINDEX, index);
      const answers = await transport.dump('list neighbours', RTM.GETNEIGH, payload.finish());
      const entries = answers.flatMap(({ data }) => parseNeighbour(data) ?? []);
      return index === undefined ? entries : entries.filter((entry) => entry.index === index);
    },
    async ensureNeighbour(want) {
      try {
        await set(want, FLAG.EXCL);
        return true;
      } catch (error) {
        if (!hasCode(error, 'NETLINK_EXISTS')) throw error;
      }
      const have = await get(want);
      if (have?.mac === want.mac && have.permanent) return false;
      await set(want, FLAG.REPLACE);
      return true;
    },
    setNeighbour: (want) => set(want, FLAG.REPLACE),
    async dropNeighbour(entry) {
      const attempted = `remove neighbour ${renderIp(entry.address)} from device ${entry.index}`;
      try {
        await transport.request(attempted, RTM.DELNEIGH, 0, neighbourPayload(entry).finish());
        return true;
      } catch (error) {
        if (hasCode(error, 'NETLINK_NOT_FOUND', 'NETLINK_NO_SUCH_DEVICE')) return false;
        throw error;
      }
    },
  };
}

/** struct ndmsg: family, padding, index, state, flags, type; then the address. */
function neighbourPayload(entry: { index: number; address: Ip }, state: number = NUD.PERMANENT): Payload {
  const header = Buffer.alloc(12);
  header.writeUInt8(familyOf(entry.address), 0);
  header.writeInt32LE(entry.index, 4);
  header.writeUInt16LE(state, 8);
  return new Payload(header).bytes(NDA.DST, ipBytes(entry.address));
}

/** Reads the payload of RTM_NEWNEIGH; undefined for entries of bridges, proxies and multicast. */
function parseNeighbour(data: Buffer): Neighbour | undefined {
  if (data.length < 12) return undefined;
  const family = data.readUInt8(0);
  const state = data.readUInt16LE(8);
  const ordinary = family === FAMILY.INET || family === FAMILY.INET6;
  if (!ordinary || state === NUD.NOARP || data.readUInt8(10) & NTF.PROXY) return undefined;
  const attributes = readAttributes(data, 12);
  const address = ipFromBytes(attributes.get(NDA.DST));
  const mac = attributes.get(NDA.LLADDR);
  if (address === undefined) return undefined;
  return {
    index: data.readInt32LE(4),
    address,
    mac: mac && macFromBytes(mac),
    permanent: (state & NUD.PERMANENT) !== 0,
    failed: (state & NUD.FAILED) !== 0,
  };
}
