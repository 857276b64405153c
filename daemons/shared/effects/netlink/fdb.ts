// Forwarding entries: at which port of a bridge, or behind which host of a VXLAN, a MAC is found.
import { hasCode } from '../../model/errors.ts';
import { type Mac, macBytes, macFromBytes } from '../../model/mac.ts';
import { Payload, readAttributes, u32Of } from './attributes.ts';
import { FAMILY, FLAG, IFLA, NDA, NTF, NUD, RTM } from './constants.ts';
import { type Ip, ipBytes, ipFromBytes } from './ip-bytes.ts';
import type { Transport } from './transport.ts';

export interface FdbEntry {
  /** Index of the bridge's port, or of the VXLAN device. */
  readonly index: number;
  readonly mac: Mac;
  /** Set on a VXLAN device's own entries: the host behind which the MAC is. */
  readonly dst?: Ip;
}

export interface KnownFdbEntry extends FdbEntry {
  /** Index of the bridge, for entries that a bridge keeps. */
  readonly master: number | undefined;
  /** `static` was set by somebody, `dynamic` was learned, `local` is a port's own address. */
  readonly kind: 'static' | 'dynamic' | 'local';
}

export interface FdbVerbs {
  /** Entries that a bridge keeps for its port, or (`own`) that a VXLAN device keeps itself. */
  listFdb(of: { bridge: number; port?: number } | { own: number }): Promise<KnownFdbEntry[]>;
  /** Sets a static entry: at a bridge's port, or with `dst` on a VXLAN device. Returns whether it wrote. */
  ensureFdb(want: FdbEntry): Promise<boolean>;
  /** The same without a look: adds the entry, or replaces the one of the same MAC. */
  setFdb(want: FdbEntry): Promise<void>;
  /** Returns whether it was there. Give `dst` for an entry of a VXLAN device. */
  dropFdb(entry: FdbEntry): Promise<boolean>;
}

export function fdbVerbs(transport: Transport): FdbVerbs {
  const set = async (want: FdbEntry, flags: number): Promise<void> => {
    const attempted = `set forwarding entry ${want.mac} on device ${want.index}`;
    await transport.request(attempted, RTM.NEWNEIGH, FLAG.CREATE | flags, entryPayload(want));
  };
  const get = async (entry: FdbEntry): Promise<KnownFdbEntry | undefined> => {
    const attempted = `look up forwarding entry ${entry.mac} on device ${entry.index}`;
    const [answer] = await transport.request(attempted, RTM.GETNEIGH, 0, keyPayload(entry, 0).finish());
    return answer && parseEntry(answer.data);
  };
  return {
    async listFdb(of) {
      const answers = await transport.dump('list forwarding entries', RTM.GETNEIGH, listPayload(of));
      const entries = answers.flatMap(({ data }) => parseEntry(data) ?? []);
      if ('own' in of) return entries.filter((entry) => entry.index === of.own && entry.master === undefined);
      return entries.filter((entry) => entry.master === of.bridge && (of.port ?? entry.index) === entry.index);
    },
    async ensureFdb(want) {
      try {
        await set(want, FLAG.EXCL);
        return true;
      } catch (error) {
        if (!hasCode(error, 'NETLINK_EXISTS')) throw error;
      }
      const have = await get(want);
      const same = have?.index === want.index && have.kind === 'static' && have.dst === want.dst;
      if (!same) await set(want, FLAG.REPLACE);
      return !same;
    },
    setFdb: (want) => set(want, FLAG.REPLACE),
    async dropFdb(entry) {
      const attempted = `remove forwarding entry ${entry.mac} from device ${entry.index}`;
      try {
        await transport.request(attempted, RTM.DELNEIGH, 0, entryPayload(entry));
        return true;
      } catch (error) {
        if (hasCode(error, 'NETLINK_NOT_FOUND', 'NETLINK_NO_SUCH_DEVICE')) return false;
        throw error;
      }
    },
  };
}

/** struct ndmsg and the MAC. The bridge (master) or the device itself (self) keeps the entry. */
function keyPayload(entry: FdbEntry, state: number): Payload {
  const header = Buffer.alloc(12);
  header.writeUInt8(FAMILY.BRIDGE, 0);
  header.writeInt32LE(entry.index, 4);
  header.writeUInt16LE(state, 8);
  header.writeUInt8(entry.dst === undefined ? NTF.MASTER : NTF.SELF, 10);
  return new Payload(header).bytes(NDA.LLADDR, macBytes(entry.mac));
}

function entryPayload(entry: FdbEntry): Buffer {
  // On a bridge NOARP means static and PERMANENT means the bridge's own; on a VXLAN device PERMANENT means static.
  const payload = keyPayload(entry, entry.dst === undefined ? NUD.NOARP : NUD.PERMANENT | NUD.NOARP);
  return (entry.dst === undefined ? payload : payload.bytes(NDA.DST, ipBytes(entry.dst))).finish();
}

/** struct ifinfomsg with the port, and the bridge. */
function listPayload(of: { bridge: number; port?: number } | { own: number }): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt8(FAMILY.BRIDGE, 0);
  header.writeInt32LE('own' in of ? of.own : (of.port ?? 0), 4);
  const payload = new Payload(header);
  return ('own' in of ? payload : payload.u32(IFLA.MASTER, of.bridge)).finish();
}

function parseEntry(data: Buffer): KnownFdbEntry | undefined {
  if (data.length < 12 || data.readUInt8(0) !== FAMILY.BRIDGE) return undefined;
  const attributes = readAttributes(data, 12);
  const mac = macFromBytes(attributes.get(NDA.LLADDR) ?? Buffer.alloc(0));
  if (mac === undefined) return undefined;
  const dst = ipFromBytes(attributes.get(NDA.DST));
  const master = u32Of(attributes, NDA.MASTER);
  const state = data.readUInt16LE(8);
  const fixed = master === undefined ? NUD.PERMANENT | NUD.NOARP : NUD.NOARP;
  const isLocal = master !== undefined && (state & NUD.PERMANENT) !== 0;
  return {
    index: data.readInt32LE(4),
    mac,
    ...(dst === undefined ? {} : { dst }),
    master,
    kind: isLocal ? 'local' : state & fixed ? 'static' : 'dynamic',
  };
}
