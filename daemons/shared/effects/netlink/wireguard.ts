// WireGuard devices of one network namespace: keys, ports and peers over generic netlink, the devices themselves over rtnetlink.
import { hasCode, SuiteError } from '../../model/errors.ts';
import { inNetns, type Netns } from '../netns.ts';
import { FLAG, IFLA, INFO, RTM } from './constants.ts';
import { linkPayload } from './links.ts';
import { Transport } from './transport.ts';
import {
  type DeviceChange,
  getDeviceMessage,
  getFamilyMessage,
  type PeerChange,
  parseDevice,
  parseFamily,
  setDeviceMessage,
  setPeersMessages,
  type WireguardDevice,
} from './wireguard-messages.ts';

export type {
  DeviceChange,
  Endpoint,
  PeerChange,
  WireguardDevice,
  WireguardPeer,
} from './wireguard-messages.ts';

const NETLINK_GENERIC = 16;
/** The controller's own number (GENL_ID_CTRL). */
const controller = 0x10;

export interface Wireguard {
  /** Whether the kernel has WireGuard; asking loads its module. */
  isThere(): Promise<boolean>;
  /** Creates a device that is down and has no key. @throws NETLINK_EXISTS, KERNEL_LACKS. */
  createDevice(name: string, mtu: number): Promise<void>;
  /** undefined: there is no device of that name and kind. */
  getDevice(name: string): Promise<WireguardDevice | undefined>;
  /** @throws PORT_TAKEN while another socket has the port and the device is up. */
  setDevice(name: string, change: DeviceChange): Promise<void>;
  /** In their order. To remove a peer that is not there is success. */
  setPeers(name: string, changes: readonly PeerChange[]): Promise<void>;
  close(): void;
}

/** Opens its sockets when they are first needed: most hosts have no such network. */
export function openWireguard(netns?: Netns): Wireguard {
  let links: Transport | undefined;
  let generic: Transport | undefined;
  let family: number | undefined;
  const open = (protocol: number): Transport =>
    netns ? inNetns(netns, () => new Transport({ protocol })) : new Transport({ protocol });
  const kernel = (): Transport => {
    generic ??= open(NETLINK_GENERIC);
    return generic;
  };
  const findFamily = async (): Promise<number | undefined> => {
    if (family !== undefined) return family;
    const attempted = 'look for WireGuard in the kernel';
    const answers = await kernel().tryRequest(attempted, controller, 0, getFamilyMessage('wireguard'), ['ENOENT']);
    family = answers?.[0] && parseFamily(answers[0].data);
    return family;
  };
  const mustFamily = async (): Promise<number> => {
    const found = await findFamily();
    if (found === undefined) throw lacking();
    return found;
  };
  const set = async (attempted: string, message: Buffer): Promise<void> => {
    await kernel().request(attempted, await mustFamily(), 0, message);
  };
  return {
    isThere: async () => (await findFamily()) !== undefined,
    async createDevice(name, mtu) {
      await mustFamily();
      links ??= open(0);
      const payload = linkPayload(name)
        .u32(IFLA.MTU, mtu)
        .nest(IFLA.LINKINFO, (info) => info.text(INFO.KIND, 'wireguard'));
      await links.request(`create wireguard ${name}`, RTM.NEWLINK, FLAG.CREATE | FLAG.EXCL, payload.finish());
    },
    async getDevice(name) {
      try {
        const answers = await kernel().dump(`read wireguard ${name}`, await mustFamily(), getDeviceMessage(name));
        return parseDevice(answers.map(({ data }) => data));
      } catch (error) {
        const isOther = hasCode(error, 'NETLINK_REFUSED') && causeOf(error) === 'ENOTSUP';
        if (isOther || hasCode(error, 'NETLINK_NO_SUCH_DEVICE')) return undefined;
        throw error;
      }
    },
    async setDevice(name, change) {
      try {
        await set(`configure wireguard ${name}`, setDeviceMessage(name, change));
      } catch (error) {
        if (causeOf(error) !== 'EADDRINUSE') throw error;
        throw new SuiteError('PORT_TAKEN', `listen on UDP ${change.port} for ${name}: another program does`);
      }
    },
    async setPeers(name, changes) {
      // One after the other: together they would be longer than a datagram may be.
      for (const message of setPeersMessages(name, changes)) await set(`set peers of wireguard ${name}`, message);
    },
    close() {
      links?.close();
      generic?.close();
    },
  };
}

function lacking(): SuiteError {
  return new SuiteError('KERNEL_LACKS', 'use WireGuard: this kernel has none', {
    hint: 'load or install its module (modprobe wireguard), or choose another driver',
  });
}

function causeOf(error: unknown): string | undefined {
  return error instanceof SuiteError && error.cause instanceof Error ? error.cause.message : undefined;
}
